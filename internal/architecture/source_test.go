package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// call says which files may use some names of a package.
type call struct {
	pkg   string
	names []string
	why   string
	legal func(file string) bool // whether the file may use them
}

var calls = []call{
	{
		pkg:   goLogging,
		names: []string{"SetBackend", "SetFormatter", "SetLevel", "AddModuleLevel", "NewBackendFormatter", "NewLogBackend", "Reset"},
		why:   "only internal/logging sets up go-logging",
		legal: func(file string) bool { return path.Dir(file) == "internal/logging" },
	}, {
		pkg:   module + "/internal/logging",
		names: []string{"Setup"},
		why:   "only the programs set up the log, and tests",
		legal: func(file string) bool {
			dir := path.Dir(file)
			return dir == "internal/logging/logtest" || dir == "client" || dir == "server" || strings.HasPrefix(dir, "scripts/") || strings.HasSuffix(file, "_test.go")
		},
	},
}

func TestOnlyTheLogPackageSetsUpLogging(t *testing.T) {
	base := root(t)
	err := filepath.WalkDir(base, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != base && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case filepath.Ext(name) != ".go":
			return nil
		}
		relative, err := filepath.Rel(base, name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, c := range calls {
			if used := c.in(tree); used != "" && !c.legal(filepath.ToSlash(relative)) {
				t.Errorf("%s uses %s: %s", relative, used, c.why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// in returns the first of the names that a file uses, or "".
func (c call) in(file *ast.File) (used string) {
	local := localName(file, c.pkg)
	if local == "" {
		return ""
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && used == "" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local && slices.Contains(c.names, s.Sel.Name) {
				used = local + "." + s.Sel.Name
			}
		}
		return used == ""
	})
	return used
}

// localName returns the name under which a file imports a package, or "".
func localName(file *ast.File, pkg string) string {
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err != nil || p != pkg {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return "logging" // the package name of go-logging and of internal/logging
	}
	return ""
}

func TestCallIn(t *testing.T) {
	for _, tt := range []struct{ source, want string }{
		{`import "` + goLogging + `"; var _ = logging.MustGetLogger("x")`, ""},
		{`import "` + goLogging + `"; func f() { logging.SetLevel(1, "") }`, "logging.SetLevel"},
		{`import g "` + goLogging + `"; func f() { g.SetBackend(nil) }`, "g.SetBackend"},
		{`import logging "log"; func f() { logging.SetBackend(nil) }`, ""},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x; "+tt.source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := calls[0].in(file); got != tt.want {
			t.Errorf("%s: found %q, want %q", tt.source, got, tt.want)
		}
	}
}

// topLevel lists what may be in the project's folder: what the user demanded, internal/,
// and files that tools demand.
var topLevel = []string{
	"client", "server", "protocol", "scripts", ".data",
	"docker-compose-dev.yaml", "generar-compose.sh", "validar-echo-server.sh",
	"Makefile", "go.mod", "README.md",
	"internal",
	"go.sum", ".ci", ".github", ".gitignore", ".gitattributes", ".dockerignore", ".golangci.yml", ".golangci.yaml",
}

func TestTopLevel(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("git does not know this folder: %v", err)
	}
	seen := make(map[string]bool)
	for file := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(file), "/")
		if !seen[top] && !slices.Contains(topLevel, top) {
			t.Errorf("%s does not belong at the top level", top)
		}
		seen[top] = true
	}
}

// Git ignores the files that the commands leave in the project's folder. So they are
// never committed, and git can switch branches. A clone has the folder .data.
func TestWhatGitIgnores(t *testing.T) {
	git := func(args ...string) error {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = root(t)
		return cmd.Run()
	}
	if err := git("rev-parse"); err != nil {
		t.Skipf("git does not know this folder: %v", err)
	}
	for _, name := range []string{".data/agency-1.csv", ".data/dataset.zip", ".data/certificados/ca-key.pem", "bin/server", "bets.csv", "bets.csv.journal", "bets.csv.torn", "cronologia.html"} {
		if err := git("check-ignore", "--quiet", name); err != nil {
			t.Errorf("%s is not ignored: %v", name, err)
		}
	}
	if err := git("ls-files", "--error-unmatch", ".data/.gitkeep"); err != nil {
		t.Errorf("a clone has no .data: %v", err)
	}
}

// The store uses records and checksums of package protocol, but no frames and messages.
func TestWhatTheStoreUsesOfTheProtocol(t *testing.T) {
	allowed := []string{"AppendRecord", "Checksum", "MaxString", "SizeOfRecords"}
	names, err := filepath.Glob(filepath.Join(root(t), "server/store/*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "protocol" && !slices.Contains(allowed, s.Sel.Name) {
					t.Errorf("%s uses protocol.%s", filepath.Base(name), s.Sel.Name)
				}
			}
			return true
		})
	}
}
