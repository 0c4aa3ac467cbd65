package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// FileParser parses the content of a configuration file. All values stay text.
type FileParser func(content []byte) ([]Entry, error)

// Entry is one key of a file with its value as it is written there.
type Entry struct {
	Name  string // as in Key: a dotted path such as server.address
	Value string
	Line  int // 0 = not known
}

// codec is viper's decoder for every type of file. viper 1.21 reads no INI, and its YAML
// decoder turns an id 010 into 8.
type codec struct {
	parse FileParser
	keys  []Key
}

func (c codec) Decoder(string) (viper.Decoder, error) { return c, nil }

// Decode refuses keys that are unknown or appear twice. After Decode it is too late for
// that: viper joins the keys of all sources, and loses their spelling, line numbers and
// repeated values.
func (c codec) Decode(content []byte, into map[string]any) error {
	entries, err := c.parse(content)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name)
		switch _, twice := into[name]; {
		case e.Value == "" && c.isSection(name):
			// The section has no keys; they may be commented out.
		case !c.isKey(name):
			return fmt.Errorf("%s: unknown key%s", e.Name, atLine(e))
		case twice:
			return fmt.Errorf("%s: appears twice%s", e.Name, atLine(e))
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

func atLine(e Entry) string {
	if e.Line == 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d)", e.Line)
}
