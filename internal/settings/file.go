package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Format takes a file apart. All values stay text.
type Format func(content []byte) ([]Entry, error)

// Entry is one key of a file with its value as it is written there.
type Entry struct {
	Name  string // as in Key; the names of sections and key joined by dots
	Value string
	Line  int // 0 = not known
}

// codec is the one decoder that viper finds. viper 1.21 reads no INI, and its
// YAML decoder turns an id 010 into 8.
type codec struct {
	format Format
	keys   []Key
}

func (c codec) Decoder(string) (viper.Decoder, error) { return c, nil }

// Decode refuses keys that are unknown or appear twice. UnmarshalExact would come
// too late: viper has joined the keys of all sources by then, and knows neither
// how a key was written, nor its line, nor the values that a repeated key hid.
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
