package logtest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// Line is one line of a program's log. Keys holds all pairs, action and result too.
type Line struct {
	Level  string
	Action string
	Result string
	Keys   map[string]string
}

var (
	header = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL)( *) (action: .*)$`)
	word   = regexp.MustCompile(`^[a-z][a-z_]*$`)
)

// ParseLine parses a line of the log. It fails if the line does not have the format of
// package logging.
func ParseLine(text string) (Line, error) {
	if !utf8.ValidString(text) {
		return Line{}, errors.New("not UTF-8")
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		return Line{}, fmt.Errorf("character at byte %d that is not printable", i)
	}
	parts := header.FindStringSubmatch(text)
	if parts == nil {
		return Line{}, errors.New("no time, level and action")
	}
	if _, err := time.Parse(time.DateTime, parts[1]); err != nil {
		return Line{}, err
	}
	if len(parts[2])+len(parts[3]) != 8 {
		return Line{}, errors.New("the level is not justified to eight columns")
	}
	if strings.Count(text, "action:") != 1 {
		return Line{}, errors.New("has action: more than once")
	}
	return parsePairs(Line{Level: parts[2], Keys: make(map[string]string)}, parts[4])
}

func parsePairs(line Line, text string) (Line, error) {
	for i, pair := range strings.Split(text, " | ") {
		key, value, ok := strings.Cut(pair, ": ")
		_, twice := line.Keys[key]
		switch {
		case !ok || !word.MatchString(key):
			return line, fmt.Errorf("%q is no key and value", pair)
		case twice:
			return line, fmt.Errorf("key %s appears twice", key)
		case strings.Contains(value, "|"):
			return line, fmt.Errorf("the value of %s holds a |", key)
		case i == 0 && key != "action", i == 1 && key != "result":
			return line, fmt.Errorf("pair %d is %s", i+1, key)
		}
		line.Keys[key] = value
	}
	line.Action, line.Result = line.Keys["action"], line.Keys["result"]
	switch line.Result {
	case "success", "fail", "in_progress":
	default:
		return line, fmt.Errorf("result %q", line.Result)
	}
	if !word.MatchString(line.Action) {
		return line, fmt.Errorf("action %q", line.Action)
	}
	return line, nil
}

// ParseLines parses lines of the log. A line without the format fails the test, and is
// left out.
func ParseLines(t testing.TB, lines []string) []Line {
	t.Helper()
	var parsed []Line
	for _, text := range lines {
		line, err := ParseLine(text)
		if err != nil {
			t.Errorf("line %q: %v", text, err)
			continue
		}
		parsed = append(parsed, line)
	}
	return parsed
}

// Select returns the lines with an action and a result.
func Select(lines []Line, action, result string) []Line {
	var selected []Line
	for _, line := range lines {
		if line.Action == action && line.Result == result {
			selected = append(selected, line)
		}
	}
	return selected
}
