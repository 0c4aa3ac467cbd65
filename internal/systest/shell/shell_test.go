// Package shell runs the project's shell scripts and its Makefile. A fake docker takes the
// place of the engine.
package shell

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nc": fakeNetcat})
}

func TestGenerarCompose(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash on this machine")
	}
	runScripts(t, "testdata/generar", bash)
}

// TestValidarEchoServer runs the script with every POSIX shell of this machine.
func TestValidarEchoServer(t *testing.T) {
	for _, shell := range []string{"sh", "dash", "busybox", "bash"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s on this machine", shell)
			continue
		}
		if shell == "busybox" { // the name of its file selects the command
			link := filepath.Join(t.TempDir(), "sh")
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			path = link
		}
		t.Run(shell, func(t *testing.T) { runScripts(t, "testdata/validar", path) })
	}
}

func TestMakefile(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make on this machine")
	}
	runScripts(t, "testdata/make", "")
}

// runScripts runs the test scripts of a folder. It sets SH to the shell, PROJECT to the
// project's folder, and TOOLS to a folder with the usual programs. With PATH=$TOOLS a
// script finds no go and no docker.
func runScripts(t *testing.T, dir, shell string) {
	project, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	tools := linkTools(t)
	goEnv := goEnvironment(t)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SH", shell)
			env.Setenv("PROJECT", project)
			env.Setenv("TOOLS", tools)
			env.Vars = append(env.Vars, goEnv...)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"echoserver": startServer,
			"mode":       checkMode,
		},
	})
}

func linkTools(t *testing.T) string {
	dir := t.TempDir()
	for _, name := range strings.Fields(
		"awk basename bash cat chmod dirname env grep id mkdir mktemp mv od readlink rm sh sleep timeout tr") {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("no %s on this machine", name)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goEnvironment returns the variables with the folders of Go and its caches. Go derives them
// from HOME, which testscript changes.
func goEnvironment(t *testing.T) []string {
	names := []string{"GOCACHE", "GOMODCACHE", "GOROOT"}
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var env []string
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		env = append(env, names[i]+"="+value)
	}
	return env
}

// checkMode is the command `mode FILE OCTAL`.
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := info.Mode().Perm().String(); (got == args[1]) == neg {
		ts.Fatalf("%s has mode %s", args[0], got)
	}
}
