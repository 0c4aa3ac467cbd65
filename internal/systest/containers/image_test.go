package containers

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestComposeFileBringsNoWarning(t *testing.T) {
	for _, scenario := range []string{"eco", "apuesta", "agencias"} {
		start(t, 2, scenario)
		cmd := exec.Command("docker", "compose", "-f", "docker-compose-dev.yaml", "config", "-q")
		cmd.Dir = project
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", scenario, err, out)
		}
	}
}

// A missing data file is an error. The engine creates no folder in its place.
func TestMissingDataFile(t *testing.T) {
	s := start(t, 1, "agencias")
	if _, err := output(project, "docker", "compose", "-f", "docker-compose-dev.yaml", "up", "-d"); err == nil ||
		!strings.Contains(err.Error(), "agency-1.csv") {
		t.Errorf("up without the data file: %v", err)
	}
	if _, err := os.Stat(filepath.Join(project, ".data/agency-1.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("up has made the data file: %v", err)
	}
	s.down()
}

// engineFiles match what the engine adds to every container.
var engineFiles = regexp.MustCompile(`^(\.dockerenv|(dev|etc|proc|sys)(/.*)?)$`)

func TestImagesHoldTheProgramAlone(t *testing.T) {
	s := start(t, 0, "agencias")
	for image, want := range map[string][]string{"server": {"data", "server"}, "client": {"client"}} {
		id := s.run("docker", "create", image+":latest")
		t.Cleanup(func() { s.run("docker", "rm", id) })
		archive := filepath.Join(t.TempDir(), "image.tar")
		s.run("docker", "export", "-o", archive, id)
		var got []string
		for _, name := range namesIn(t, archive) {
			if !engineFiles.MatchString(name) {
				got = append(got, name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s:latest holds %q, want %q", image, got, want)
		}
	}
}

func namesIn(t *testing.T, archive string) []string {
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var names []string
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(header.Name, "/"))
	}
}

func TestContainersHaveNoPrivileges(t *testing.T) {
	s := start(t, 1, "eco")
	s.clientConfig(500, "150ms", "INFO", 10)
	s.up()
	for container, readOnly := range map[string]string{"server": "false", "client1": "true"} {
		got := s.run("docker", "inspect", "-f",
			"{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}", container)
		if want := "65532:65532 " + readOnly + " [ALL] [no-new-privileges:true]"; got != want {
			t.Errorf("%s: %s, want %s", container, got, want)
		}
		// The first line is the heading. A health check may run beside the server.
		processes := strings.Split(s.run("docker", "top", container), "\n")[1:]
		if len(processes) == 0 || slices.ContainsFunc(processes, func(p string) bool { return strings.Fields(p)[0] != "65532" }) {
			t.Errorf("%s runs %q", container, processes)
		}
	}
}

// After a change of configuration, data, documentation or tests a build compiles nothing.
func TestConfigurationAndDataAreNoPartOfTheBuild(t *testing.T) {
	s := start(t, 1, "agencias")
	// Both images share one builder stage. The id of a stage from the cache does not
	// change. The final images would show nothing: to compile again makes the same
	// bytes.
	compiled := func() string {
		server := s.run("docker", "build", "-q", "--target", "builder", "-f", "server/Dockerfile", ".")
		client := s.run("docker", "build", "-q", "--target", "builder", "-f", "client/Dockerfile", ".")
		if server != client {
			t.Errorf("the images have different builder stages: %s and %s", server, client)
		}
		return server
	}
	before := compiled()
	s.clientConfig(7, "7ms", "DEBUG", 7)
	s.serverConfig(7, "DEBUG")
	s.writeDataFile(1, dataFile{rows: 7})
	s.write("README.md", "edited")
	s.write("internal/process/added.go", "package process")
	s.write("internal/systest/shell/added.go", "package shell")
	if after := compiled(); after != before {
		t.Errorf("compiled again: %s, before %s", after, before)
	}
}
