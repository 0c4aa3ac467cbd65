// Package architecture has no code, only tests. They check which package may import
// which.
package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/7574-sistemas-distribuidos/docker-compose-init"

const (
	viper     = "github.com/spf13/viper"
	goLogging = "github.com/op/go-logging"
)

// rule is one row of the architecture's table.
type rule struct {
	pkg       string   // the package's folder
	knows     []string // the packages of the project that it may import
	without   []string // packages that it must not import; those of other modules also not indirectly
	onlyKnown bool     // it imports nothing but the standard library and what it knows
}

var (
	sockets = []string{"net", "net/http", "syscall"}
	files   = []string{"os", "io/fs", "path/filepath"}
	logs    = []string{"log", "log/slog", goLogging}
	csv     = []string{"encoding/csv"}
	network = []string{"internal/deadline", "internal/logging", "internal/reason"}
)

var table = []rule{
	{pkg: "internal/lottery", onlyKnown: true,
		without: slices.Concat(sockets, files, logs, csv, []string{"encoding/binary", "bufio", "bytes"})},
	{pkg: "internal/reason", onlyKnown: true, without: slices.Concat(logs, csv)},
	{pkg: "internal/identity", onlyKnown: true, knows: []string{"internal/lottery", "internal/reason"}, without: slices.Concat(logs, csv)},
	{pkg: "internal/identity/authority", onlyKnown: true, knows: []string{"internal/identity", "internal/lottery"},
		without: slices.Concat(logs, csv)},
	{pkg: "internal/betcsv", knows: []string{"internal/lottery", "internal/reason"},
		without: slices.Concat(sockets, files, logs, csv, []string{viper})},
	{pkg: "internal/betcsv/betcsvtest", knows: []string{"internal/lottery"}},
	{pkg: "internal/retry", onlyKnown: true, without: slices.Concat(sockets, files, logs)},
	{pkg: "protocol", onlyKnown: true, knows: []string{"internal/lottery"},
		without: slices.Concat(sockets, files, logs, csv)},
	{pkg: "server/config", knows: []string{"internal/settings"},
		without: []string{"encoding/csv", "log", "log/slog", "net/http"}},
	{pkg: "server/central", onlyKnown: true, knows: []string{"internal/lottery"}},
	{pkg: "server/central/centraltest", onlyKnown: true, knows: []string{"internal/lottery", "protocol", "server/central"}},
	{pkg: "server/draw", onlyKnown: true, knows: []string{"internal/lottery", "internal/retry", "server/central"},
		without: slices.Concat(sockets, files, logs, csv, []string{"encoding/binary", "bufio", "bytes"})},
	{pkg: "server/store", knows: []string{"internal/betcsv", "internal/lottery", "protocol", "server/central", "server/draw"},
		without: slices.Concat([]string{"net", "net/http", viper}, logs)},
	{pkg: "server/replica/jetstream", knows: []string{"internal/retry", "server/replica"},
		without: slices.Concat([]string{"syscall", viper}, files, logs, csv)},
	{pkg: "server/replica", onlyKnown: true, knows: []string{"internal/lottery", "internal/retry", "protocol", "server/central"},
		without: slices.Concat(sockets, files, logs, csv, []string{viper})},
	{pkg: "server/embedded", onlyKnown: true, knows: []string{"internal/lottery", "server/central", "server/draw", "server/store"},
		without: slices.Concat(sockets, files, logs, csv)},
	{pkg: "server/tcp", knows: slices.Concat(network, []string{"internal/identity", "internal/lottery", "internal/retry", "protocol", "server/central"}),
		without: []string{"encoding/csv", viper, "log", "log/slog"}},
	{pkg: "server/admin", onlyKnown: true, knows: []string{"internal/lottery"}, without: csv},
	{pkg: "server", knows: slices.Concat(network, []string{"internal/args", "internal/identity", "internal/settings", "server/admin", "server/central", "server/config", "server/draw", "server/embedded", "server/replica", "server/replica/jetstream", "server/store", "server/tcp",
		"internal/betcsv", "internal/lottery", "protocol"}),
		without: csv},
	{pkg: "client/config", knows: []string{"internal/lottery", "internal/settings"},
		without: []string{"encoding/csv", "log", "log/slog", "net/http"}},
	{pkg: "client/agency", knows: slices.Concat(network, []string{"internal/betcsv", "internal/identity", "internal/lottery", "internal/retry", "protocol"}),
		without: []string{viper, "log", "log/slog"}},
	{pkg: "client/echo", knows: slices.Concat(network, []string{"internal/identity", "internal/retry"}),
		without: slices.Concat(files, csv, []string{viper, "log", "log/slog"})},
	{pkg: "client", knows: slices.Concat(network, []string{"internal/args", "internal/identity", "internal/lottery", "internal/retry", "internal/settings", "client/config", "client/agency", "client/echo"}),
		without: csv},
	{pkg: "internal/logging", without: []string{viper, "net", "log/slog"}},
	{pkg: "internal/logging/logtest", knows: []string{"internal/logging"}},
	{pkg: "internal/settings", knows: []string{"internal/logging", "internal/reason"}},
	{pkg: "internal/args"},
	{pkg: "internal/process", onlyKnown: true, without: slices.Concat(logs, csv, []string{"net/http", "testing"})},
	{pkg: "internal/natsserver", onlyKnown: true, knows: []string{"internal/process"}},
	{pkg: "internal/natsserver/natsservertest", knows: []string{"internal/natsserver", "internal/process"}},
	{pkg: "internal/process/processtest", knows: []string{"internal/process"}},
	{pkg: "internal/deadline", onlyKnown: true, without: slices.Concat(files, logs)},
}

// listed is what `go list -json` prints about a package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
	Deps                               []string
}

// folder returns the package's folder in the repository.
func folder(importPath string) string { return strings.TrimPrefix(importPath, module+"/") }

func (p listed) testImports() []string { return slices.Concat(p.TestImports, p.XTestImports) }

// ours returns whether a package belongs to the project.
func ours(path string) bool { return strings.HasPrefix(path, module+"/") }

// foreign returns whether a package belongs to another module than the project and the
// standard library.
func foreign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".") && !ours(path)
}

func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := make(map[string]listed)
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[folder(p.ImportPath)] = p
	}
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTable(t *testing.T) {
	all := packages(t)
	for _, r := range table {
		t.Run(r.pkg, func(t *testing.T) {
			p, exists := all[r.pkg]
			if !exists {
				t.Fatal("no such package")
			}
			for _, complaint := range r.check(p) {
				t.Error(complaint)
			}
		})
	}
}

func (r rule) check(p listed) (complaints []string) {
	for _, path := range p.Imports {
		switch {
		case ours(path) && !slices.Contains(r.knows, folder(path)):
			complaints = append(complaints, "must not know "+folder(path))
		case r.onlyKnown && foreign(path):
			complaints = append(complaints, "is for the standard library alone, but imports "+path)
		}
	}
	for _, path := range r.without {
		if slices.Contains(p.Imports, path) {
			complaints = append(complaints, "must not import "+path)
		} else if foreign(path) && slices.Contains(p.Deps, path) {
			complaints = append(complaints, "must not depend on "+path)
		}
	}
	return complaints
}

// A rule refuses what it must refuse.
func TestRuleRefuses(t *testing.T) {
	r := rule{pkg: "x", knows: []string{"protocol"}, without: []string{"os", viper}, onlyKnown: true}
	for _, tt := range []struct {
		name string
		p    listed
		want int
	}{
		{"allowed", listed{Imports: []string{"fmt", module + "/protocol"}, Deps: []string{"os"}}, 0},
		{"unknown package", listed{Imports: []string{module + "/server/store"}}, 1},
		{"standard library", listed{Imports: []string{"os"}}, 1},
		{"indirectly", listed{Deps: []string{viper}}, 1},
		{"foreign", listed{Imports: []string{"example.com/x"}}, 1},
	} {
		if got := r.check(tt.p); len(got) != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

func TestEveryPackageIsInTheTable(t *testing.T) {
	for name := range packages(t) {
		known := slices.ContainsFunc(table, func(r rule) bool { return r.pkg == name })
		tool := strings.HasPrefix(name, "scripts/") || strings.HasPrefix(name, "internal/systest/")
		if !known && !tool && name != "internal/architecture" {
			t.Errorf("%s: say in the table what it may know", name)
		}
	}
}

func TestWhoImportsWhat(t *testing.T) {
	configs := []string{"internal/settings", "server/config", "client/config"}
	http := []string{"server/admin", "server/replica/jetstream"}
	for name, p := range packages(t) {
		if strings.HasPrefix(name, "client/") || strings.HasPrefix(name, "server/") {
			if slices.Contains(strings.Split(name, "/"), "internal") {
				t.Errorf("%s: a test could not join both ends", name)
			}
		}
		for _, path := range slices.Concat(p.Imports, p.testImports()) {
			switch {
			case path == viper && !slices.Contains(configs, name):
				t.Errorf("%s imports viper, which is for the configuration only", name)
			case strings.HasPrefix(path, "net/http") && !slices.Contains(http, name) && slices.Contains(p.Imports, path):
				t.Errorf("%s imports %s, which is for the operator's side only", name, path)
			case strings.Contains(path, "testify"):
				t.Errorf("%s imports an assertion library", name)
			case name == "protocol" && foreign(path):
				t.Errorf("protocol's tests import %s", path)
			}
		}
	}
}
