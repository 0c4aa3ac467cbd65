package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Format parses a file. All values stay text.
type Format func(content []byte) ([]Entry, error)

// Entry is one key of a file with its value as it is written there.
type Entry struct {
	Name  string // as in Key: a dotted path such as server.address
	Value string
	Line  int // 0 = not known
}

// codec is the only decoder of viper, whatever the type of the file. viper 1.21 reads no INI, and its
// YAML decoder turns an id 010 into 8.
type codec struct {
	format Format
	keys   []Key
}

func (c codec) Decoder(string) (viper.Decoder, error) { return c, nil }

// Decode refuses keys that are unknown or appear twice. They are checked here,
// because viper then joins the keys of all sources: the spelling, the line number
// and repeated values are lost.
func (c codec) Decode(content []byte, into map[string]any) error {
	entries, err := c.format(content)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name)
		switch _, twice := into[name]; {
		case e.Value == "" && c.isSection(name):
			// All keys of the section are commented out.
		case !c.isKey(name):
			return fmt.Errorf("%s: unknown key%s", e.Name, line(e))
		case twice:
			return fmt.Errorf("%s: appears twice%s", e.Name, line(e))
		default:
			into[name] = e.Value
		}
	}
	return nil
}

func (c codec) isKey(name string) bool {
	return slices.ContainsFunc(c.keys, func(k Key) bool { return strings.ToLower(k.Name) == name })
}

func (c codec) isSection(name string) bool {
	return slices.ContainsFunc(c.keys, func(k Key) bool { return strings.HasPrefix(strings.ToLower(k.Name), name+".") })
}

func line(e Entry) string {
	if e.Line == 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d)", e.Line)
}
