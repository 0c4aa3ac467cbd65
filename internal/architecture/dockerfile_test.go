package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// builderStage returns the first stage of a program's Dockerfile.
func builderStage(t *testing.T, program string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(t), program, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, stage, _ := strings.Cut(string(content), "\nFROM golang:")
	stage, _, found := strings.Cut(stage, "\nFROM scratch\n")
	if !found {
		t.Fatalf("%s/Dockerfile has other stages", program)
	}
	return stage
}

// The builder stage of the second image comes from the cache. One layer compiles the
// packages of other modules, so a change of the project's code compiles none of them
// again.
func TestBuilderStage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("on another system the programs import other packages than in their images")
	}
	stage := builderStage(t, "server")
	if other := builderStage(t, "client"); other != stage {
		t.Errorf("the Dockerfiles have different builder stages:\n%s\nand\n%s", stage, other)
	}
	before, _, found := strings.Cut(stage, "\nCOPY . /src/\n")
	if !found {
		t.Fatalf("the sources are not copied:\n%s", stage)
	}
	var compiled []string
	for _, line := range regexp.MustCompile(`(?m)^ +(\S+)`).FindAllStringSubmatch(before, -1) {
		compiled = append(compiled, line[1])
	}
	if want := foreignImports(packages(t), "server", "client"); !slices.Equal(compiled, want) {
		t.Errorf("the layer of other modules compiles\n%q, the programs import\n%q", compiled, want)
	}
}

// foreignImports returns, in order, the packages of other modules that programs import.
// It looks at all of the project's packages in the programs.
func foreignImports(all map[string]listed, programs ...string) (imports []string) {
	for _, program := range programs {
		for _, path := range append(all[program].Deps, all[program].ImportPath) {
			if !ours(path) {
				continue
			}
			for _, imported := range all[folder(path)].Imports {
				if foreign(imported) && !slices.Contains(imports, imported) {
					imports = append(imports, imported)
				}
			}
		}
	}
	slices.Sort(imports)
	return imports
}
