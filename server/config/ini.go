package config

import (
	"fmt"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/settings"
	"gopkg.in/ini.v1"
)

// parseINI reads what Python's configparser would read of such a file: keys in
// [DEFAULT], "key = value" or "key: value", lines that begin with # or ; are
// comments, values are taken literally, quotes included. Python would also take
// a comment after a value as part of that value; here that is an error.
// viper 1.21 has no INI decoder.
func parseINI(content []byte) ([]settings.Entry, error) {
	file, err := ini.LoadSources(ini.LoadOptions{
		InsensitiveKeys:            true,
		IgnoreInlineComment:        true,
		IgnoreContinuation:         true,
		PreserveSurroundedQuote:    true,
		AllowShadows:               true, // keeps keys that appear twice, to refuse them
		AllowDuplicateShadowValues: true,
	}, content)
	if err != nil {
		return nil, fmt.Errorf("not INI: %s", strings.TrimSpace(err.Error())) // the message of ini contains the line break
	}
	var entries []settings.Entry
	for _, section := range file.Sections() {
		if section.Name() != ini.DefaultSection {
			return nil, fmt.Errorf("section [%s]: unknown, only [%s] is read", section.Name(), ini.DefaultSection)
		}
		for _, key := range section.Keys() {
			name := strings.ToUpper(key.Name())
			values := key.ValueWithShadows()
			if len(values) == 0 { // ini drops empty values
				values = []string{""}
			}
			for _, value := range values {
				if strings.Contains(value, " #") || strings.Contains(value, " ;") {
					return nil, fmt.Errorf("%s: a comment must have a line of its own", name)
				}
				entries = append(entries, settings.Entry{Name: name, Value: value})
			}
		}
	}
	return entries, nil
}
