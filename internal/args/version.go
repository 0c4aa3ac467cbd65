package args

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// describe returns the version that a program was built from, with its commit. Without
// a git repository, or with -buildvcs=false, the build records no commit.
func describe(info *debug.BuildInfo) string {
	if info == nil {
		return "versión desconocida, " + runtime.Version()
	}
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	var parts []string
	if version := info.Main.Version; version != "" && version != "(devel)" {
		parts = append(parts, version)
	}
	if revision := settings["vcs.revision"]; revision != "" {
		commit := "commit " + revision
		if settings["vcs.modified"] == "true" {
			commit += " con cambios"
		}
		parts = append(parts, commit)
	}
	if len(parts) == 0 {
		parts = append(parts, "versión desconocida (compilado sin datos de git)")
	}
	return strings.Join(append(parts, info.GoVersion+" "+settings["GOOS"]+"/"+settings["GOARCH"]), ", ")
}
