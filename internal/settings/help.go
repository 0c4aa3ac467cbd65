package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// Help returns the keys in columns: name, environment variable if it has another name,
// default, help.
func Help(keys []Key) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, k := range keys {
		name := k.Name
		if k.Env != name {
			name += "\t" + k.Env
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", name, cmp.Or(k.Default, "—"), k.Help)
	}
	_ = w.Flush() // writing to memory does not fail
	return text.String()
}

// Misspelled returns a warning for each environment variable that is probably a
// misspelled one: it has the prefix of a key's variable, such as CLI_, and is at most
// two edits away from that. Docker's SERVER_PORT_12345_TCP is farther away.
func Misspelled(environ []string, keys []Key) (warnings []string) {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" || slices.ContainsFunc(keys, func(k Key) bool { return k.Env == name }) {
			continue
		}
		prefix, _, _ := strings.Cut(name, "_")
		for _, k := range keys {
			if strings.HasPrefix(k.Env, prefix+"_") && within(2, name, k.Env) {
				warnings = append(warnings, fmt.Sprintf("environment variable %q is not known, did you mean %s?", name, k.Env))
				break
			}
		}
	}
	return warnings
}

// within returns whether at most that many edits turn a into b. An edit inserts,
// deletes or replaces a byte.
func within(edits int, a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	if a == "" || b == "" {
		return len(a)+len(b) <= edits
	}
	return edits > 0 && (within(edits-1, a[1:], b) || within(edits-1, a, b[1:]) || within(edits-1, a[1:], b[1:]))
}
