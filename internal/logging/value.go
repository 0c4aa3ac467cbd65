package logging

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxValue is how many bytes of a value are logged. A peer can make the log no
// larger than a few times this for each message.
const MaxValue = 1000

// Value returns s in a form that can be the value of a key in a log line: it
// holds no '|', no line break, no control character, no invalid UTF-8 and no
// "action:", so it cannot be taken for another key or another line. It holds no
// invisible character either, none that changes the direction of the text, and no
// other space than ' ': a line is what it looks like. Ordinary text is returned as
// it is.
//
// Escapes are those of Go's string literals, so the original can be read back
// (strconv.UnquoteChar): a backslash is \\, line feed, carriage return and tab
// are \n, \r and \t, '|' is \x7C, the colon of "action:" is \x3A, other ASCII
// control characters and bytes that are not UTF-8 are \xHH, and other characters
// \uHHHH or \UHHHHHHHH. A value of more than MaxValue bytes is cut, and ends with
// \(+N bytes), which no escape looks like.
func Value(s string) string {
	rest := ""
	if len(s) > MaxValue {
		end := cut(s)
		s, rest = s[:end], s[end:]
	}
	clean := cleanPrefix(s)
	if clean == len(s) && rest == "" {
		return s
	}
	b := make([]byte, 0, len(s)+32)
	for clean < len(s) {
		b = append(b, s[:clean]...)
		size := 0
		b, size = appendEscape(b, s[clean:])
		s = s[clean+size:]
		clean = cleanPrefix(s)
	}
	b = append(b, s...)
	if rest != "" {
		b = append(b, `\(+`...)
		b = strconv.AppendInt(b, int64(len(rest)), 10)
		b = append(b, " bytes)"...)
	}
	return string(b)
}

// cut returns where to cut an over-long value: not inside a character.
func cut(s string) int {
	end := MaxValue
	for i := 0; i < utf8.UTFMax && end > 0 && !utf8.RuneStart(s[end]); i++ {
		end--
	}
	return end
}

const action = "action:"

// cleanPrefix returns how many bytes of s need no escape.
func cleanPrefix(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c < utf8.RuneSelf:
			if c < ' ' || c == 0x7f || c == '|' || c == '\\' {
				return i
			}
			if c == ':' && strings.HasSuffix(s[:i+1], action) {
				return i
			}
			i++
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || !isVisible(r) {
				return i
			}
			i += size
		}
	}
	return len(s)
}

// isVisible tells whether a reader sees a character beyond ASCII for what it is.
// Go's %q escapes what is not printable: controls, formats such as the marks of
// direction, spaces, ends of lines. What Unicode says to ignore, it prints.
func isVisible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// appendEscape appends the escape of the character that s begins with and
// returns that character's size.
func appendEscape(b []byte, s string) ([]byte, int) {
	const hex = "0123456789ABCDEF" // a small a could begin another "action:"
	switch c := s[0]; c {
	case '\\':
		return append(b, `\\`...), 1
	case '\n':
		return append(b, `\n`...), 1
	case '\r':
		return append(b, `\r`...), 1
	case '\t':
		return append(b, `\t`...), 1
	}
	r, size := utf8.DecodeRuneInString(s)
	kind, digits := byte('u'), 4
	switch {
	case size == 1: // ASCII, or not UTF-8
		kind, digits, r = 'x', 2, rune(s[0])
	case r > 0xffff:
		kind, digits = 'U', 8
	}
	b = append(b, '\\', kind)
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		b = append(b, hex[r>>shift&15])
	}
	return b, size
}
