// Package settings reads a table of keys through viper, for the config packages of
// both programs. The environment has priority over the file, and the file over the
// defaults. Every error is one line. It names the key, its value and the source of the
// value.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"

	"github.com/spf13/viper"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/reason"
)

// Key is one setting, a row of a program's table. The table is the only source of names,
// variables, defaults, limits and help.
type Key struct {
	Name    string // in the file, and in the mapstructure tag of its field; case does not matter
	Env     string // the environment variable; an empty one counts as not set
	Default string // "" = none
	Parse   Parser
	Help    string // one line in Spanish
}

// File is a configuration file.
type File struct {
	Path     string
	Required bool // a missing file is an error
	Parse    FileParser
}

// Settings holds the text of every key, and its source.
type Settings struct {
	viper *viper.Viper
	path  string
	keys  []Key
}

// Load reads the file, if it exists, and the environment variables of the keys. It
// fills the struct that config points to: the field of a key has the key's name as its
// mapstructure tag. If several values are invalid, the error is about the first of
// their keys in the table.
func Load(file File, keys []Key, config any) (*Settings, error) {
	v := viper.NewWithOptions(
		viper.KeyDelimiter("::"), // by default the dot in server.address is nesting
		viper.WithDecoderRegistry(codec{file.Parse, keys}),
	)
	for _, key := range keys {
		v.SetDefault(key.Name, key.Default)
		v.MustBindEnv(key.Name, key.Env)
	}
	if err := readFile(v, file); err != nil {
		return nil, err
	}
	s := &Settings{viper: v, path: file.Path, keys: keys}
	err := v.UnmarshalExact(config, viper.DecodeHook(s.parse))
	if invalid, ok := errors.AsType[*valueError](err); ok {
		err = invalid // drops the prefix of mapstructure
	}
	return s, err
}

func readFile(v *viper.Viper, file File) error {
	content, err := os.ReadFile(file.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !file.Required:
		return nil
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("configuration file %s: %w (chmod a+r %[1]s lets every user read it)", file.Path, reason.Of(err))
	case err != nil:
		return fmt.Errorf("configuration file %s: %w", file.Path, reason.Of(err))
	}
	v.SetConfigType("ini") // viper demands a known type; the codec ignores it
	if err := v.ReadConfig(bytes.NewReader(content)); err != nil {
		if parse, ok := errors.AsType[viper.ConfigParseError](err); ok {
			err = parse.Unwrap() // drops the prefix of viper
		}
		return fmt.Errorf("configuration file %s: %w", file.Path, err)
	}
	return nil
}

// parse is a decode hook that converts all values at once. A hook for a single value
// does not know the key, which has the limits. The conversions of viper and
// mapstructure read 010 as 8, and 1_0 as 10.
func (s *Settings) parse(_, _ reflect.Type, data any) (any, error) {
	whole, isWhole := data.(map[string]any)
	if !isWhole {
		return data, nil // a single value, already converted
	}
	values := make(map[string]any, len(whole))
	for _, key := range s.keys {
		value, err := key.Parse(s.Text(key.Name))
		if err != nil {
			return nil, s.Invalid(key.Name, err)
		}
		values[key.Name] = value
	}
	return values, nil
}

// Text returns the value of a key as it was written.
func (s *Settings) Text(name string) string { return s.viper.GetString(name) }

// Explicit returns whether the environment or the file sets the key.
func (s *Settings) Explicit(name string) bool {
	return s.fromEnv(name) || s.viper.InConfig(name)
}

func (s *Settings) fromEnv(name string) bool { return os.Getenv(s.env(name)) != "" }

func (s *Settings) env(name string) string {
	return s.keys[slices.IndexFunc(s.keys, func(k Key) bool { return k.Name == name })].Env
}

// valueError marks an error that Invalid made.
type valueError struct{ error }

// Invalid returns the error of a key whose value is invalid. err reads like "must be
// host:port".
func (s *Settings) Invalid(name string, err error) error {
	switch value := s.Text(name); {
	case s.fromEnv(name):
		err = fmt.Errorf("%s: %w, not %q (from environment variable %s)", name, err, value, s.env(name))
	case s.viper.InConfig(name):
		err = fmt.Errorf("%s: %w, not %q (from file %s)", name, err, value, s.path)
	default:
		err = fmt.Errorf("%s: %w (set it in %s or with environment variable %s)", name, err, s.path, s.env(name))
	}
	return &valueError{err}
}
