package settings

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
)

// Help lists the keys in columns: name, environment variable if it is another,
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
