package main

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const defaultSource = "package main\n\nconst defaultScenario = \"agencias\"\n"

// fakeGenerator names the scenario and shows which tree it ran in.
func fakeGenerator(_ context.Context, tree, scenario string) ([]byte, error) {
	marker, err := os.ReadFile(filepath.Join(tree, "marker"))
	return append([]byte(scenario+" on "), marker...), err
}

// repo is a temporary repository with one commit on main.
type repo struct {
	*testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	// As on a machine where nobody has told git who he is.
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.write(defaultFile, defaultSource)
	r.write(composeName, "agencias\n")
	r.write("marker", "first\n")
	r.commit("first")
	return r
}

func (r repo) git(args ...string) string {
	r.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repo) write(name, content string) {
	r.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		r.Fatal(err)
	}
}

// commit records the work tree as somebody's own work.
func (r repo) commit(message string, args ...string) {
	r.Helper()
	r.git("add", "-A")
	r.git(append([]string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com",
		"commit", "-q", "-m", message}, args...)...)
}

func (r repo) ramas() error {
	return makeBranches(context.Background(), r.dir, fakeGenerator, io.Discard)
}

func (r repo) mustRamas() {
	r.Helper()
	if err := r.ramas(); err != nil {
		r.Fatal(err)
	}
}

func (r repo) branches() string {
	r.Helper()
	return r.git("for-each-ref", "refs/heads/ej*")
}

func TestEachBranchIsMainPlusOneCommit(t *testing.T) {
	r := newRepo(t)
	r.mustRamas()
	if got := r.git("for-each-ref", "--format=%(refname:short)", "refs/heads"); got != "ej1\nej2\nej3\nej4\nej5\nej6\nej7\nej8\nmain" {
		t.Errorf("branches %q, want ej1 to ej8 and main", got)
	}
	for _, e := range exercises {
		if parent := r.git("rev-parse", e.branch+"^"); parent != r.git("rev-parse", "main") {
			t.Errorf("%s: its parent is not main", e.branch)
		}
		changed := r.git("diff", "--name-only", "main", e.branch)
		if want := composeName + "\n" + defaultFile; changed != want {
			t.Errorf("%s changes %q, want %q", e.branch, changed, want)
		}
		if got, want := r.git("show", e.branch+":"+composeName), e.branch+" on first"; got != want {
			t.Errorf("%s: compose file %q, want %q", e.branch, got, want)
		}
		source := r.git("show", e.branch+":"+defaultFile)
		if want := strings.Replace(defaultSource, "agencias", e.branch, 1); source+"\n" != want {
			t.Errorf("%s: %s is %q", e.branch, defaultFile, source)
		}
		if subject := r.git("log", "-1", "--format=%s", e.branch); !strings.HasPrefix(subject, e.branch+": ") {
			t.Errorf("%s: subject %q does not name the exercise", e.branch, subject)
		}
	}
}

func TestASecondRunChangesNothing(t *testing.T) {
	r := newRepo(t)
	r.mustRamas()
	before := r.branches()
	var out bytes.Buffer
	if err := makeBranches(context.Background(), r.dir, fakeGenerator, &out); err != nil {
		t.Fatal(err)
	}
	if after := r.branches(); after != before {
		t.Errorf("branches moved:\n%s\nto\n%s", before, after)
	}
	if n := strings.Count(out.String(), "sin cambios"); n != len(exercises) {
		t.Errorf("says of %d branches that they are unchanged:\n%s", n, out.String())
	}
	// And a copy of main elsewhere gives the same commits.
	clone := repo{t, t.TempDir()}
	clone.git("clone", "-q", r.dir, ".")
	clone.mustRamas()
	if got := clone.branches(); got != before {
		t.Errorf("another clone makes\n%s\nwant\n%s", got, before)
	}
}

func TestWorkInProgressStaysAsItIs(t *testing.T) {
	r := newRepo(t)
	r.git("switch", "-q", "-c", "work")
	r.write("marker", "of the branch\n")
	r.commit("work")
	r.write("marker", "staged\n")
	r.git("add", "marker")
	r.write("marker", "edited\n")
	r.write("new", "untracked\n")
	state := func() string {
		index, err := os.ReadFile(filepath.Join(r.dir, ".git/index"))
		if err != nil {
			t.Fatal(err)
		}
		return string(index) + r.git("symbolic-ref", "HEAD") + r.git("rev-parse", "HEAD", "main")
	}
	before := state()
	r.mustRamas()
	if state() != before {
		t.Error("index or current branch changed")
	}
	if got := r.git("status", "--porcelain"); got != "MM marker\n?? new" {
		t.Errorf("status is now %q", got)
	}
	if got := r.git("show", "ej8:"+composeName); got != "ej8 on first" {
		t.Errorf("compose file made from what is checked out and not from main: %q", got)
	}
}

func TestBranchesThatMayMove(t *testing.T) {
	advance := func(r repo) { r.write("marker", "second\n"); r.commit("second") }
	for name, prepare := range map[string]func(repo){
		"main advanced":              func(r repo) { r.mustRamas(); advance(r) },
		"main was rewritten":         func(r repo) { r.mustRamas(); r.write("marker", "second\n"); r.commit("1st", "--amend") },
		"made by hand at main":       func(r repo) { r.git("branch", "ej3") },
		"made by hand at older main": func(r repo) { r.git("branch", "ej3"); advance(r) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			prepare(r)
			r.mustRamas()
			if r.git("rev-parse", "ej3^") != r.git("rev-parse", "main") {
				t.Error("ej3 was not moved onto main")
			}
		})
	}
}

func TestBranchesThatMustNotMove(t *testing.T) {
	own := func(r repo, args ...string) {
		r.write("mine", "work\n")
		r.commit("mine", args...)
		r.git("switch", "-q", "main")
	}
	tests := map[string]struct {
		prepare func(repo)
		want    string
	}{
		"own branch":         {func(r repo) { r.git("switch", "-q", "-c", "ej3"); own(r) }, "git branch -m ej3"},
		"own commit on top":  {func(r repo) { r.mustRamas(); r.git("switch", "-q", "ej3"); own(r) }, "git branch -m ej3"},
		"our commit amended": {func(r repo) { r.mustRamas(); r.git("switch", "-q", "ej3"); own(r, "--amend") }, "git branch -m ej3"},
		"checked out":        {func(r repo) { r.mustRamas(); r.git("switch", "-q", "ej3") }, "está en uso"},
		"in another work tree": {func(r repo) {
			r.mustRamas()
			r.git("worktree", "add", "-q", filepath.Join(r.TempDir(), "other"), "ej3")
		}, "other"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			test.prepare(r)
			// Something to move for.
			r.git("update-ref", "refs/heads/main", r.git("-c", "user.name=Ana", "-c", "user.email=a@example.com",
				"commit-tree", "main^{tree}", "-p", "main", "-m", "later"))
			before := r.branches()
			err := r.ramas()
			if err == nil {
				t.Fatal("moved the branches")
			}
			if !strings.Contains(err.Error(), "ej3") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error does not say %q: %v", test.want, err)
			}
			if after := r.branches(); after != before {
				t.Errorf("branches moved:\n%s\nto\n%s", before, after)
			}
		})
	}
}

func TestACheckedOutBranchThatNeedNotMove(t *testing.T) {
	r := newRepo(t)
	r.mustRamas()
	r.git("switch", "-q", "ej3")
	r.mustRamas()
}

func TestNoMain(t *testing.T) {
	r := newRepo(t)
	r.git("branch", "-m", "main", "trunk")
	if err := r.ramas(); err == nil || !strings.Contains(err.Error(), "main") {
		t.Errorf("error is %v, want one that names main", err)
	}
}

// TestOnThisProject runs the project's own generator in a copy of the project:
// on a branch it must generate by default what the branch has committed.
func TestOnThisProject(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(cache))
	t.Setenv("GOCACHE", paths[0])
	t.Setenv("GOMODCACHE", paths[1])
	r := newRepo(t)
	project := os.DirFS("../..")
	sources, err := fs.Glob(project, "scripts/compose/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(sources, "go.mod", "go.sum") {
		content, err := fs.ReadFile(project, name)
		if err != nil {
			t.Fatal(err)
		}
		r.write(name, string(content))
	}
	r.commit("project")
	if err := makeBranches(context.Background(), r.dir, runGenerator, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, e := range exercises {
		r.git("switch", "-q", e.branch)
		cmd := exec.Command("go", "run", "-trimpath", "./scripts/compose", "5")
		cmd.Dir = r.dir
		got, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(r.dir, composeName))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the committed compose file is not what its generator writes", e.branch)
		}
	}
}
