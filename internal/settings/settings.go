// Package settings is what the two config packages share: it reads settings
// through viper (environment before file before default) and parses their
// text. Every error is one line that names the key and where its value came
// from.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/viper"
)

// Key is one setting.
type Key struct {
	Name    string // in the file; sections and key joined by dots; case does not matter
	Env     string // the environment variable that overrides the file; empty there means unset
	Default string // "" = none
}

// File is a configuration file.
type File struct {
	Path     string
	Required bool // a missing file is an error
	Format   Format
}

// Format takes a file apart.
type Format func(content []byte) ([]Entry, error)

// Entry is one key of a file with its value as it is written there.
type Entry struct {
	Name  string // as in Key
	Value string
	Line  int // 0 = not known
}

// Settings holds the text of every key. Its getters parse; the first that
// fails decides what Err returns.
type Settings struct {
	viper *viper.Viper
	path  string
	keys  map[string]Key // by lower-case name
	err   error
}

// Read reads the file, if there is one, and the environment variables of keys.
// All of viper's values are text here: its own decoders and typed getters turn
// what they do not understand into something else without a word.
func Read(f File, keys []Key) (*Settings, error) {
	s := &Settings{path: f.Path, keys: make(map[string]Key, len(keys))}
	s.viper = viper.NewWithOptions(viper.WithDecoderRegistry(decoder{f.Format, s}))
	for _, key := range keys {
		s.keys[strings.ToLower(key.Name)] = key
		s.viper.SetDefault(key.Name, key.Default)
		if err := s.viper.BindEnv(key.Name, key.Env); err != nil {
			return nil, fmt.Errorf("%s: %w", key.Name, err)
		}
	}
	content, err := os.ReadFile(f.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !f.Required:
		return s, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("read configuration: %w (chmod a+r %s lets every user read it)", err, f.Path)
	case err != nil:
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	s.viper.SetConfigType("ini") // one that viper knows; the registry above has but one decoder
	if err := s.viper.ReadConfig(bytes.NewReader(content)); err != nil {
		if parse, ok := errors.AsType[viper.ConfigParseError](err); ok {
			err = parse.Unwrap()
		}
		return nil, fmt.Errorf("configuration file %s: %w", f.Path, err)
	}
	return s, nil
}

// decoder is the one decoder that viper finds, whatever the format.
type decoder struct {
	format Format
	s      *Settings
}

func (d decoder) Decoder(string) (viper.Decoder, error) { return d, nil }

// Decode refuses keys that are unknown or appear twice; viper would ignore the
// former and hide the latter.
func (d decoder) Decode(content []byte, into map[string]any) error {
	entries, err := d.format(content)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := strings.ToLower(e.Name)
		if e.Value == "" && d.s.isSection(name) {
			continue // all its keys are commented out
		}
		if _, known := d.s.keys[name]; !known {
			return fmt.Errorf("%s: unknown key%s", e.Name, line(e))
		}
		if _, twice := into[name]; twice {
			return fmt.Errorf("%s: appears twice%s", e.Name, line(e))
		}
		into[name] = e.Value
	}
	return nil
}

func line(e Entry) string {
	if e.Line == 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d)", e.Line)
}

func (s *Settings) isSection(name string) bool {
	for key := range s.keys {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// Explicit tells whether the environment or the file sets the key.
func (s *Settings) Explicit(name string) bool {
	return s.fromEnv(name) || s.viper.InConfig(name)
}

func (s *Settings) fromEnv(name string) bool {
	return os.Getenv(s.keys[strings.ToLower(name)].Env) != ""
}

// Fail makes err, which is about the value of the key, what Err returns,
// unless an earlier key failed.
func (s *Settings) Fail(name string, err error) {
	if s.err != nil {
		return
	}
	switch value := s.viper.GetString(name); {
	case s.fromEnv(name):
		s.err = fmt.Errorf("%s: %w, not %q (from environment variable %s)", name, err, value, s.keys[strings.ToLower(name)].Env)
	case s.viper.InConfig(name):
		s.err = fmt.Errorf("%s: %w, not %q (from file %s)", name, err, value, s.path)
	default:
		s.err = fmt.Errorf("%s: %w (set it in %s or with environment variable %s)", name, err, s.path, s.keys[strings.ToLower(name)].Env)
	}
}

// Err returns the first failure, or nil.
func (s *Settings) Err() error { return s.err }
