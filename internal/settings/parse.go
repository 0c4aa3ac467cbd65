package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// Raw returns the value as it was written; it may be empty.
func (s *Settings) Raw(name string) string { return s.viper.GetString(name) }

// Text returns a value that must not be empty.
func (s *Settings) Text(name string) string {
	text := s.Raw(name)
	if text == "" {
		s.Fail(name, errors.New("must be set"))
	}
	return text
}

// Checked returns a value that check accepts. The error of check reads like
// "must be host:port".
func (s *Settings) Checked(name string, check func(text string) error) string {
	text := s.Raw(name)
	if err := check(text); err != nil {
		s.Fail(name, err)
	}
	return text
}

// Int returns a decimal integer from least to most.
func (s *Settings) Int(name string, least, most int64) int64 {
	n, err := strconv.ParseInt(s.Raw(name), 10, 64)
	if err != nil || n < least || n > most {
		s.Fail(name, fmt.Errorf("must be an integer from %d to %d", least, most))
	}
	return n
}

// Duration returns a duration in Go's syntax of at least least.
func (s *Settings) Duration(name string, least time.Duration) time.Duration {
	d, err := time.ParseDuration(s.Raw(name))
	if err != nil || d < least {
		s.Fail(name, fmt.Errorf("must be a duration such as 100ms, 5s or 1m30s, at least %v", least))
	}
	return d
}

// Bool returns a boolean in any of the forms that Python's configparser knows.
func (s *Settings) Bool(name string) bool {
	switch strings.ToLower(s.Raw(name)) {
	case "true", "yes", "on", "1":
		return true
	case "false", "no", "off", "0":
		return false
	}
	s.Fail(name, errors.New("must be true or false"))
	return false
}

// Choice returns one of the choices, in their spelling.
func (s *Settings) Choice(name string, choices ...string) string {
	text := s.Raw(name)
	for _, choice := range choices {
		if text == choice {
			return choice
		}
	}
	s.Fail(name, fmt.Errorf("must be one of %s", strings.Join(choices, ", ")))
	return ""
}

// Level returns the name of a log level, as it was written.
func (s *Settings) Level(name string) string {
	text := s.Raw(name)
	if !logging.ValidLevel(text) {
		s.Fail(name, errors.New("must be one of "+logging.Levels))
	}
	return text
}
