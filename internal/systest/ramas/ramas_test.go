// Package ramas tests scripts/ramas.sh in temporary repositories.
package ramas

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The two files that the commit of a branch changes.
const (
	defaultFile = "scripts/compose/default.go"
	composeName = "docker-compose-dev.yaml"
)

const defaultSource = "package main\n\nconst defaultScenario = \"agencias\"\n"

var branches = []string{"ej1", "ej2", "ej3", "ej4", "ej5", "ej6", "ej7", "ej8"}

// fakeGo takes the place of "go run -trimpath ./scripts/compose 5 ejN". It prints the
// scenario and the file marker of its work tree. It fails if the file marker-ejN exists.
const fakeGo = `#!/bin/sh
[ "$1 $2 $3 $4" = "run -trimpath ./scripts/compose 5" ] || exit 1
printf '%s on ' "$5"
cat marker
[ ! -e "marker-$5" ]
`

// repo is a temporary repository with one commit on main.
type repo struct {
	*testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	// Git finds no configuration, as on a machine whose user has not set a name.
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, name := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(fakeGo), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
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

// commit commits the work tree, with Ana as the author.
func (r repo) commit(message string, args ...string) {
	r.Helper()
	r.git("add", "-A")
	r.git(append([]string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com",
		"commit", "-q", "-m", message}, args...)...)
}

// ramas runs the script. It returns the output and the exit status.
func (r repo) ramas() (said string, status int) {
	r.Helper()
	script, err := filepath.Abs("../../../scripts/ramas.sh")
	if err != nil {
		r.Fatal(err)
	}
	cmd := exec.Command(script)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		r.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (r repo) mustRamas() string {
	r.Helper()
	said, status := r.ramas()
	if status != 0 {
		r.Fatalf("exit status %d: %s", status, said)
	}
	return said
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
	for _, branch := range branches {
		if parent := r.git("rev-parse", branch+"^"); parent != r.git("rev-parse", "main") {
			t.Errorf("%s: its parent is not main", branch)
		}
		changed := r.git("diff", "--name-only", "main", branch)
		if want := composeName + "\n" + defaultFile; changed != want {
			t.Errorf("%s changes %q, want %q", branch, changed, want)
		}
		if got, want := r.git("show", branch+":"+composeName), branch+" on first"; got != want {
			t.Errorf("%s: compose file %q, want %q", branch, got, want)
		}
		source := r.git("show", branch+":"+defaultFile)
		if want := strings.Replace(defaultSource, "agencias", branch, 1); source+"\n" != want {
			t.Errorf("%s: %s is %q", branch, defaultFile, source)
		}
		if subject := r.git("log", "-1", "--format=%s", branch); !strings.HasPrefix(subject, branch+": ") {
			t.Errorf("%s: subject %q does not name the exercise", branch, subject)
		}
	}
}

func TestASecondRunChangesNothing(t *testing.T) {
	r := newRepo(t)
	r.mustRamas()
	before := r.branches()
	said := r.mustRamas()
	if after := r.branches(); after != before {
		t.Errorf("branches moved:\n%s\nto\n%s", before, after)
	}
	if n := strings.Count(said, "sin cambios"); n != len(branches) {
		t.Errorf("says of %d branches that they are unchanged:\n%s", n, said)
	}
	// In another clone the script makes the same commits.
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
		"HEAD detached at it": func(r repo) {
			r.mustRamas()
			advance(r)
			r.git("switch", "-q", "--detach", "ej3")
		},
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
		"own branch":                {func(r repo) { r.git("switch", "-q", "-c", "ej3"); own(r) }, "git branch -m ej3"},
		"own commit on top":         {func(r repo) { r.mustRamas(); r.git("switch", "-q", "ej3"); own(r) }, "git branch -m ej3"},
		"our commit amended":        {func(r repo) { r.mustRamas(); r.git("switch", "-q", "ej3"); own(r, "--amend") }, "git branch -m ej3"},
		"checked out":               {func(r repo) { r.mustRamas(); r.git("switch", "-q", "ej3") }, "está en uso"},
		"checked out, not yet born": {func(r repo) { r.git("switch", "-q", "--orphan", "ej3") }, "está en uso"},
		"merge of ours": {func(r repo) {
			r.mustRamas()
			r.git("switch", "-q", "ej3")
			r.commit("mine", "--allow-empty")
			r.git("switch", "-q", "main")
			r.git("update-ref", "refs/heads/ej3", r.git("-c", "user.name=make ramas", "-c", "user.email=ramas@tp0.invalid",
				"commit-tree", "ej3^{tree}", "-p", "main", "-p", "ej3", "-m", "merge"))
		}, "git branch -m ej3"},
		"in another work tree": {func(r repo) {
			r.mustRamas()
			r.git("worktree", "add", "-q", filepath.Join(r.TempDir(), "other"), "ej3")
		}, "other"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t)
			test.prepare(r)
			// main moves, so the script has to move the branches.
			r.git("update-ref", "refs/heads/main", r.git("-c", "user.name=Ana", "-c", "user.email=a@example.com",
				"commit-tree", "main^{tree}", "-p", "main", "-m", "later"))
			before := r.branches()
			said, status := r.ramas()
			if status != 1 {
				t.Errorf("exit status %d, want 1", status)
			}
			if !strings.Contains(said, "ej3") || !strings.Contains(said, test.want) {
				t.Errorf("it does not say %q: %s", test.want, said)
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
	if said, status := r.ramas(); status != 1 || !strings.Contains(said, "no hay una rama main") {
		t.Errorf("exit status %d, and it says %q", status, said)
	}
}

func TestOutsideOfARepository(t *testing.T) {
	outside := repo{t, t.TempDir()}
	if said, status := outside.ramas(); status != 1 || !strings.Contains(said, "not a git repository") {
		t.Errorf("exit status %d, and it says %q", status, said)
	}
}

func TestNoDefaultScenario(t *testing.T) {
	r := newRepo(t)
	r.write(defaultFile, "package main\n")
	r.commit("nothing to change")
	if said, status := r.ramas(); status != 1 || !strings.Contains(said, defaultFile) || r.branches() != "" {
		t.Errorf("exit status %d, branches %q, and it says %q", status, r.branches(), said)
	}
}

// TestFailedGenerator has the generator fail for ej5, after it has run for ej1 to ej4.
func TestFailedGenerator(t *testing.T) {
	r := newRepo(t)
	r.write("marker-ej5", "")
	r.commit("no ej5")
	if said, status := r.ramas(); status != 1 || !strings.Contains(said, "ej5") || r.branches() != "" {
		t.Errorf("exit status %d, branches %q, and it says %q", status, r.branches(), said)
	}
}

func TestFromAFolderOfTheRepository(t *testing.T) {
	r := newRepo(t)
	inside := repo{t, filepath.Join(r.dir, "scripts")}
	inside.mustRamas()
	if got := r.git("show", "ej8:"+composeName); got != "ej8 on first" {
		t.Errorf("compose file is %q", got)
	}
}

// TestNothingIsLeft checks that the script removes its temporary files.
func TestNothingIsLeft(t *testing.T) {
	r := newRepo(t)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	r.mustRamas()
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestOnThisProject runs the project's own generator in a copy of the project. On each
// branch it must generate by default the Compose file that the branch has committed.
func TestOnThisProject(t *testing.T) {
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths, path := strings.Fields(string(cache)), os.Getenv("PATH")
	t.Setenv("GOCACHE", paths[0])
	t.Setenv("GOMODCACHE", paths[1])
	r := newRepo(t)
	t.Setenv("PATH", path) // the real go
	project := os.DirFS("../../..")
	sources, err := fs.Glob(project, "scripts/compose/*")
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
	r.mustRamas()
	for _, branch := range branches {
		r.git("switch", "-q", branch)
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
			t.Errorf("%s: the committed compose file is not what its generator writes", branch)
		}
	}
}
