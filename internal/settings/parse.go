package settings

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
)

// Parser converts the text of a key into the value of its field. Its error reads like
// "must be host:port".
type Parser func(text string) (any, error)

// NotEmpty accepts any text but the empty one.
func NotEmpty(text string) (any, error) {
	if text == "" {
		return nil, errors.New("must be set")
	}
	return text, nil
}

// Int accepts decimal integers from least to most. The value is an int64.
func Int(least, most int64) Parser {
	return func(text string) (any, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least || n > most {
			return nil, fmt.Errorf("must be an integer from %d to %d", least, most)
		}
		return n, nil
	}
}

// Duration accepts durations in Go's syntax, not shorter than least.
func Duration(least time.Duration) Parser {
	return func(text string) (any, error) {
		d, err := time.ParseDuration(text)
		if err != nil || d < least {
			return nil, fmt.Errorf("must be a duration such as 100ms, 5s or 1m30s, at least %v", least)
		}
		return d, nil
	}
}

// Bool accepts a boolean in any form of Python's configparser.
func Bool(text string) (any, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return nil, errors.New("must be true or false")
}

// Choice accepts one of the choices, in exactly that spelling.
func Choice(choices ...string) Parser {
	return func(text string) (any, error) {
		if !slices.Contains(choices, text) {
			return nil, fmt.Errorf("must be one of %s", strings.Join(choices, ", "))
		}
		return text, nil
	}
}

// Level accepts the name of a log level. The value is the text as it was written.
func Level(text string) (any, error) {
	if !logging.ValidLevel(text) {
		return nil, errors.New("must be one of " + logging.Levels)
	}
	return text, nil
}
