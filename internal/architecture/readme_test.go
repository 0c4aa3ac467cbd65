package architecture

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the texts for readers whose links and names are checked.
var documents = []string{"README.md", ".github/CONTRIBUTING.md", "client/config/README.md", "server/config/README.md",
	"server/admin/README.md", "scripts/bench/README.md", "scripts/certificados/README.md", "scripts/cluster/README.md",
	"scripts/compose/README.md", "scripts/datos/README.md",
	"internal/systest/README.md", "internal/systest/containers/README.md", corrected, specification}

// specification is the protocol's.
const specification = "protocol/PROTOCOL.md"

var (
	codeBlock = regexp.MustCompile("(?ms)^```.*?^```$")
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	section   = regexp.MustCompile(`(?m)^## .+$`)
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	codeSpan  = regexp.MustCompile("`([^`\n]+)`")
	testName  = regexp.MustCompile(`^(?:Test|Fuzz|Benchmark)[A-Z]\w*$`)
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	goName    = regexp.MustCompile(`^([A-Za-z]+)\.([A-Z]\w*)$`)
	fileName  = regexp.MustCompile(`^[\w./-]+$`)
	generated = regexp.MustCompile(`^(bin|\.data)/|^bets\.csv`)
	// requirement finds a direct one in go.mod, and explanation its names in the table,
	// both without the path's parts that say nothing.
	requirement = regexp.MustCompile(`(?m)^\t(?:github\.com/)?(\S+?)(?:/v\d+)? v\S+$`)
	explanation = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| [^|]+ \\|$")
	notLetters  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// prose returns a document without its blocks of code.
func prose(t *testing.T, document string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(t), document))
	if err != nil {
		t.Fatal(err)
	}
	return codeBlock.ReplaceAllString(string(content), "")
}

// anchors returns the anchors that GitHub makes of a text's headings.
func anchors(text string) map[string]bool {
	all := make(map[string]bool)
	for _, match := range heading.FindAllStringSubmatch(text, -1) {
		title := notLetters.ReplaceAllString(strings.ToLower(match[1]), "")
		all[strings.ReplaceAll(title, " ", "-")] = true
	}
	return all
}

func exists(t *testing.T, name string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(root(t), name))
	return err == nil
}

// Every link within the project leads somewhere.
func TestLinksOfTheDocuments(t *testing.T) {
	for _, document := range documents {
		text, links := prose(t, document), 0
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			file, anchor, _ := strings.Cut(match[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			links++
			target := document
			if file != "" {
				target = path.Join(path.Dir(document), file)
			}
			switch {
			case !exists(t, target):
				t.Errorf("%s: there is no %s", document, target)
			case anchor != "" && !anchors(prose(t, target))[anchor]:
				t.Errorf("%s: %s has no heading for #%s", document, target, anchor)
			}
		}
		if links == 0 {
			t.Errorf("%s: no links were found", document)
		}
	}
}

// The contents of the long pages name all sections, in the order in which they come.
func TestContents(t *testing.T) {
	for document, begin := range map[string]string{"README.md": "## Índice\n", specification: "Contents: ", corrected: "\n- ["} {
		_, text, _ := strings.Cut(prose(t, document), begin)
		contents, sections, _ := strings.Cut(text, "\n## ")
		var listed []string
		for _, match := range link.FindAllStringSubmatch(contents, -1) {
			listed = append(listed, strings.TrimPrefix(match[1], "#"))
		}
		next, count := 0, 0
		for _, match := range section.FindAllStringSubmatch("\n## "+sections, -1) {
			for anchor := range anchors(match[0]) {
				count++
				at := slices.Index(listed[next:], anchor)
				if at < 0 {
					t.Errorf("%s: the contents do not name #%s, or not in its place", document, anchor)
					continue
				}
				next += at + 1
			}
		}
		if count < 5 {
			t.Errorf("%s: only %d sections were found", document, count)
		}
	}
}

func TestAnchors(t *testing.T) {
	got := anchors("# Qué pasa si…\n\n## El protocolo, en breve\n### `make test`: todo\n")
	for _, want := range []string{"qué-pasa-si", "el-protocolo-en-breve", "make-test-todo"} {
		if !got[want] {
			t.Errorf("no #%s in %v", want, got)
		}
	}
}

// Every file, test and exported name of a package that the documents show as code
// exists.
func TestNamesOfTheDocuments(t *testing.T) {
	tests, sources := declared(t)
	files, functions := 0, 0
	for _, document := range documents {
		for _, match := range codeSpan.FindAllStringSubmatch(prose(t, document), -1) {
			name := match[1]
			switch {
			case testName.MatchString(name):
				functions++
				if len(tests[name]) == 0 {
					t.Errorf("%s: there is no test %s", document, name)
				}
			case goName.MatchString(name):
				of := goName.FindStringSubmatch(name)
				if source, ours := sources[of[1]]; ours && !regexp.MustCompile(`\b`+of[2]+`\b`).MatchString(source) {
					t.Errorf("%s: package %s has no %s", document, of[1], of[2])
				}
			case strings.Contains(name, "/") && fileName.MatchString(name) && !generated.MatchString(strings.TrimPrefix(name, "./")):
				files++
				first, _, _ := strings.Cut(strings.TrimPrefix(name, "./"), "/")
				if first != "" && exists(t, first) && !exists(t, name) && !exists(t, path.Join(path.Dir(document), name)) {
					t.Errorf("%s: there is no %s", document, name)
				}
			}
		}
	}
	if files < 40 || functions < 100 {
		t.Errorf("only %d files and %d tests were found", files, functions)
	}
}

// A test whose name several packages have needs its file beside it: the line names the
// file before the test or after it, with only tests between them.
func TestFilesOfTests(t *testing.T) {
	tests, _ := declared(t)
	ambiguous := 0
	for _, document := range documents {
		for line := range strings.Lines(prose(t, document)) {
			spans := codeSpan.FindAllStringSubmatch(line, -1)
			for i, span := range spans {
				name := span[1]
				if len(tests[name]) < 2 {
					continue
				}
				ambiguous++
				before, after := slices.Clone(spans[:i]), spans[i+1:]
				slices.Reverse(before)
				if !slices.Contains(tests[name], nearest(before)) && !slices.Contains(tests[name], nearest(after)) {
					t.Errorf("%s: %s is in %q; the line does not say which", document, name, tests[name])
				}
			}
		}
	}
	if ambiguous < 15 {
		t.Errorf("only %d such names were found", ambiguous)
	}
}

// nearest returns the first of the spans of code that is no test.
func nearest(spans [][]string) string {
	for _, span := range spans {
		if !testName.MatchString(span[1]) {
			return span[1]
		}
	}
	return ""
}

// declared returns the files of each test, and the text of each package's files that are
// no tests, by the package's name.
func declared(t *testing.T) (tests map[string][]string, sources map[string]string) {
	t.Helper()
	tests, sources = make(map[string][]string), make(map[string]string)
	for dir := range packages(t) {
		names, err := filepath.Glob(filepath.Join(root(t), dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(name, "_test.go") {
				sources[path.Base(dir)] += string(content)
				continue
			}
			for _, match := range testFunc.FindAllSubmatch(content, -1) {
				tests[string(match[1])] = append(tests[string(match[1])], path.Join(dir, filepath.Base(name)))
			}
		}
	}
	return tests, sources
}

// Each module that go.mod requires directly is in the table of dependencies, with a reason.
func TestReasonOfEachDependency(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var required, explained []string
	for _, match := range requirement.FindAllStringSubmatch(string(content), -1) {
		required = append(required, match[1])
	}
	_, table, _ := strings.Cut(prose(t, ".github/CONTRIBUTING.md"), "## Dependencias")
	for _, match := range explanation.FindAllStringSubmatch(table, -1) {
		explained = append(explained, strings.Split(strings.Trim(match[1], "`"), "`, `")...)
	}
	slices.Sort(required)
	slices.Sort(explained)
	if !slices.Equal(required, explained) {
		t.Errorf("go.mod requires %q, the table explains %q", required, explained)
	}
}

// corrected is the page of what teachers correct. Its items are the headings of the
// third level.
const corrected = "internal/systest/CORRECCION.md"

// parts are the four lines of an item. The second says where the code is, the third
// which test shows it. Lines that say how to break the code may follow.
var parts = regexp.MustCompile(`(?s)^\s*- \*\*Por qué:\*\* .+\n- \*\*Aquí:\*\* (.+)\n- \*\*Prueba:\*\* (.+)\n- \*\*Error común:\*\* .+$`)

// Each item names a file, and a test that stands in the file named before it.
func TestWhatIsCorrected(t *testing.T) {
	items := strings.Split(prose(t, corrected), "\n### ")[1:]
	for _, item := range items {
		item, _, _ = strings.Cut(item, "\n## ")
		title, body, _ := strings.Cut(item, "\n")
		part := parts.FindStringSubmatch(body)
		if part == nil {
			t.Errorf("%s: the item does not have its four lines", title)
			continue
		}
		var files, functions int
		for _, match := range codeSpan.FindAllStringSubmatch(part[1], -1) {
			if strings.Contains(match[1], "/") && exists(t, match[1]) {
				files++
			}
		}
		for _, match := range codeSpan.FindAllStringSubmatch(part[2], -1) {
			switch name := match[1]; {
			case testName.MatchString(name):
				functions++
			case strings.Contains(name, "/"):
				checkTestsIn(t, name, part[2])
			}
		}
		if files == 0 || functions == 0 {
			t.Errorf("%s: %d files and %d tests", title, files, functions)
		}
	}
	if len(items) < 26 {
		t.Errorf("only %d items", len(items))
	}
}

// checkTestsIn fails unless the tests that a text names after a test file, and before
// the next one, are in that file.
func checkTestsIn(t *testing.T, file, text string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(t), file))
	if err != nil {
		t.Error(err)
		return
	}
	_, after, _ := strings.Cut(text, "`"+file+"`")
	for _, match := range codeSpan.FindAllStringSubmatch(after, -1) {
		if !testName.MatchString(match[1]) {
			return // the next file
		}
		if !strings.Contains(string(content), "func "+match[1]+"(") {
			t.Errorf("%s has no %s", file, match[1])
		}
	}
}
