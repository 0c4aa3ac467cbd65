package args

import (
	"bytes"
	"errors"
	"flag"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	const revision = "04e213c9d2b8e6f1a7c50d3e4b9f8a6172839405"
	built := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		info := &debug.BuildInfo{GoVersion: "go1.26.8", Settings: append(settings,
			debug.BuildSetting{Key: "GOARCH", Value: "amd64"}, debug.BuildSetting{Key: "GOOS", Value: "linux"})}
		info.Main.Version = version
		return info
	}
	commit := debug.BuildSetting{Key: "vcs.revision", Value: revision}
	for _, tt := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"commit", built("v0.0.0-20261128094500-04e213c9d2b8", commit, debug.BuildSetting{Key: "vcs.modified", Value: "false"}),
			"v0.0.0-20261128094500-04e213c9d2b8, commit " + revision + ", go1.26.8 linux/amd64"},
		{"commit with changes", built("(devel)", commit, debug.BuildSetting{Key: "vcs.modified", Value: "true"}),
			"commit " + revision + " con cambios, go1.26.8 linux/amd64"},
		{"module", built("v1.2.3"), "v1.2.3, go1.26.8 linux/amd64"},
		{"-buildvcs=false", built("(devel)"), "versión desconocida (compilado sin datos de git), go1.26.8 linux/amd64"},
		{"nothing recorded", nil, "versión desconocida, " + runtime.Version()},
	} {
		if got := describe(tt.info); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	_, _, err := Parse("server", "", "config.ini", nil, []string{"-version"}, &stdout, &stderr)
	if !errors.Is(err, flag.ErrHelp) || stderr.Len() > 0 {
		t.Errorf("%v, says %q", err, &stderr)
	}
	if said := stdout.String(); !strings.HasPrefix(said, "server: ") || !strings.Contains(said, runtime.Version()) || strings.Count(said, "\n") != 1 {
		t.Errorf("says %q", said)
	}
}
