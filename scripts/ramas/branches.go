package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// The files that a branch changes.
const (
	defaultFile = "scripts/compose/default.go"
	composeName = "docker-compose-dev.yaml"
)

var defaultLine = regexp.MustCompile(`(?m)^const defaultScenario = ".*"$`)

// An exercise is a branch to make.
type exercise struct{ branch, title string }

var exercises = []exercise{
	{"ej1", "generador del archivo de Docker Compose"},
	{"ej2", "configuración montada, sin reconstruir las imágenes"},
	{"ej3", "validación del servidor echo con netcat"},
	{"ej4", "cierre ordenado con SIGTERM"},
	{"ej5", "una apuesta por agencia"},
	{"ej6", "apuestas en batches"},
	{"ej7", "sorteo y consulta de ganadores"},
	{"ej8", "conexiones en paralelo"},
}

func (e exercise) message() string {
	return fmt.Sprintf(`%s: %s

Todo el sistema de main; generar-compose.sh genera por defecto los clientes
de este ejercicio. Este commit lo hace make ramas, que mueve la rama cuando
main avanza.
`, e.branch, e.title)
}

// A generator returns the compose file of a scenario, as the source tree in a
// folder generates it for the committed number of clients.
type generator func(ctx context.Context, tree, scenario string) ([]byte, error)

func runGenerator(ctx context.Context, tree, scenario string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "-trimpath", "./scripts/compose", "5", scenario)
	cmd.Dir, cmd.Stderr = tree, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("generar el compose de %s: %w", scenario, err)
	}
	return out, nil
}

// move is what happens to one branch: old is "" for one that is created.
type move struct{ branch, old, new string }

// makeBranches makes all branches of the repository that holds a folder, or
// none of them.
func makeBranches(ctx context.Context, dir string, generate generator, out io.Writer) error {
	scratch, err := os.MkdirTemp("", "ramas-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	r, err := openRepository(ctx, dir, filepath.Join(scratch, "index"))
	if err != nil {
		return err
	}
	base, err := r.tip(ctx, "main")
	if err != nil {
		return err
	}
	if base == "" {
		return errors.New("no hay una rama main de la que partir")
	}
	moves, err := r.plan(ctx, base, filepath.Join(scratch, "tree"), generate)
	if err != nil {
		return err
	}
	if err := r.check(ctx, base, moves); err != nil {
		return err
	}
	if err := r.apply(ctx, moves); err != nil {
		return err
	}
	for _, m := range moves {
		fmt.Fprintf(out, "%s  %.10s  %s\n", m.branch, m.new, m.verb())
	}
	return nil
}

func (m move) verb() string {
	switch m.old {
	case "":
		return "creada"
	case m.new:
		return "sin cambios"
	}
	return "movida"
}

// plan makes the commits. The tree of main is written to a folder, for its own
// generator to run there: what is checked out may be something else.
func (r *repository) plan(ctx context.Context, base, tree string, generate generator) ([]move, error) {
	source, err := r.git(ctx, "cat-file", "blob", base+":"+defaultFile)
	if err != nil {
		return nil, err
	}
	if len(defaultLine.FindAllString(source, -1)) != 1 {
		return nil, fmt.Errorf("%s de main no tiene una línea %s", defaultFile, defaultLine)
	}
	if _, err := r.git(ctx, "read-tree", base); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, "checkout-index", "--all", "--prefix="+tree+"/"); err != nil {
		return nil, err
	}
	moves := make([]move, 0, len(exercises))
	for _, e := range exercises {
		compose, err := generate(ctx, tree, e.branch)
		if err != nil {
			return nil, err
		}
		commit, err := r.commitOn(ctx, base, e.message(), map[string][]byte{
			defaultFile: []byte(defaultLine.ReplaceAllString(source+"\n", fmt.Sprintf("const defaultScenario = %q", e.branch))),
			composeName: compose,
		})
		if err != nil {
			return nil, err
		}
		old, err := r.tip(ctx, e.branch)
		if err != nil {
			return nil, err
		}
		moves = append(moves, move{e.branch, old, commit})
	}
	return moves, nil
}

// check refuses the moves that would lose somebody's work or change what
// somebody has checked out. Its error says what to do.
func (r *repository) check(ctx context.Context, base string, moves []move) error {
	trees, err := r.workTrees(ctx)
	if err != nil {
		return err
	}
	var refusals strings.Builder
	for _, m := range moves {
		if m.old == m.new {
			continue
		}
		if tree, ok := trees[m.branch]; ok {
			fmt.Fprintf(&refusals, "\n  %s está en uso en %s: cambiar allí a otra rama (git switch main)", m.branch, tree)
		}
		safe, err := r.replaceable(ctx, base, m.old)
		if err != nil {
			return err
		}
		if !safe {
			fmt.Fprintf(&refusals, "\n  %[1]s tiene commits que no son de make ramas: para conservarlos, git branch -m %[1]s OTRO_NOMBRE; "+
				"para descartarlos, git branch -D %[1]s", m.branch)
		}
	}
	if refusals.Len() > 0 {
		return fmt.Errorf("no se movió ninguna rama, porque:%s\ny después repetir make ramas", refusals.String())
	}
	return nil
}

// replaceable tells whether a branch holds nothing but commits of main, of now
// or before it was rewritten, and at most one commit of ours on top.
func (r *repository) replaceable(ctx context.Context, base, tip string) (bool, error) {
	if tip == "" {
		return true, nil
	}
	if ok, err := r.contains(ctx, tip, base); ok || err != nil {
		return ok, err
	}
	show, err := r.git(ctx, "show", "--no-patch", "--format=%an <%ae> %cn <%ce> %P", tip)
	if err != nil {
		return false, err
	}
	ours := fmt.Sprintf("%[1]s <%[2]s> %[1]s <%[2]s> ", identityName, identityEmail)
	parent, ok := strings.CutPrefix(show, ours)
	if !ok || parent == "" || strings.Contains(parent, " ") {
		return false, nil
	}
	if ok, err := r.contains(ctx, parent, base); ok || err != nil {
		return ok, err
	}
	return r.wasMain(ctx, parent)
}

// apply moves all branches in one transaction, which fails if one of them is no
// longer where it was.
func (r *repository) apply(ctx context.Context, moves []move) error {
	var commands strings.Builder
	for _, m := range moves {
		switch m.old {
		case m.new:
		case "":
			fmt.Fprintf(&commands, "create refs/heads/%s %s\n", m.branch, m.new)
		default:
			fmt.Fprintf(&commands, "update refs/heads/%s %s %s\n", m.branch, m.new, m.old)
		}
	}
	_, err := r.feed(ctx, []byte(commands.String()), "update-ref", "-m", "make ramas", "--stdin")
	return err
}
