package logging

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxValue is how many bytes of a value are logged; it lets the longest echo
// line through whole.
const MaxValue = 8000

// Value returns s in a form that can be the value of a key in a log line: it
// holds no '|', no line break, no control character, no invalid UTF-8 and no
// "action:", so it cannot be taken for another key or another line. Ordinary
// text is returned as it is.
//
// Escapes are those of Go's string literals, so the original can be read back
// (strconv.UnquoteChar): a backslash is \\, line feed, carriage return and tab
// are \n, \r and \t, '|' is \x7C, the colon of "action:" is \x3A, other ASCII
// control characters and bytes that are not UTF-8 are \xHH, and U+0080 to
// U+009F, U+2028 and U+2029 are \uHHHH. A value of more than MaxValue bytes is
// cut, and ends with \(+N bytes), which no escape looks like.
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
			if r == utf8.RuneError && size == 1 || isBreak(r) {
				return i
			}
			i += size
		}
	}
	return len(s)
}

// isBreak tells whether a rune beyond ASCII is a control character or ends a
// line for some reader.
func isBreak(r rune) bool {
	return r >= 0x80 && r <= 0x9f || r == '\u2028' || r == '\u2029'
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
	if size == 1 { // ASCII, or not UTF-8
		return append(b, '\\', 'x', hex[s[0]>>4], hex[s[0]&15]), 1
	}
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15]), size
}
