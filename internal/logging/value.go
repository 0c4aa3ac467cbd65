package logging

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxValue is how many bytes a value takes at most, escapes included.
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
// \uHHHH or \UHHHHHHHH. A value that would take more than MaxValue bytes is cut
// between two characters. Then it ends with \(+N bytes), which no escape looks like:
// N bytes of s were left out.
func Value(s string) string {
	if len(s) <= MaxValue && isClean(s) {
		return s
	}
	b := make([]byte, 0, min(2*len(s), MaxValue)+32)
	for s != "" {
		longer, size := appendCharacter(b, s)
		if len(longer) > MaxValue {
			return fmt.Sprintf(`%s\(+%d bytes)`, b, len(s))
		}
		b, s = longer, s[size:]
	}
	return string(b)
}

const action = "action:"

// isClean tells whether no character of s needs an escape.
func isClean(s string) bool {
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if needsEscape(r, size) {
			return false
		}
		i += size
	}
	return !strings.Contains(s, action)
}

// needsEscape tells whether a character needs an escape wherever it stands. A
// reader must see it for what it is. Go's %q escapes what is not printable:
// controls, formats such as the marks of direction, spaces, ends of lines. It does
// not escape all that Unicode says to ignore.
func needsEscape(r rune, size int) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f || r == '|' || r == '\\'
	}
	return r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// appendCharacter appends the character that s begins with, or its escape, and
// returns that character's size.
func appendCharacter(b []byte, s string) ([]byte, int) {
	r, size := utf8.DecodeRuneInString(s)
	if endsAction := r == ':' && bytes.HasSuffix(b, []byte(action[:len(action)-1])); !endsAction && !needsEscape(r, size) {
		return append(b, s[:size]...), size
	}
	switch r {
	case '\\':
		return append(b, `\\`...), size
	case '\n':
		return append(b, `\n`...), size
	case '\r':
		return append(b, `\r`...), size
	case '\t':
		return append(b, `\t`...), size
	}
	// In capitals: a small a could begin another "action:".
	switch {
	case size == 1: // ASCII, or not UTF-8
		return fmt.Appendf(b, `\x%02X`, s[0]), size
	case r > 0xffff:
		return fmt.Appendf(b, `\U%08X`, r), size
	}
	return fmt.Appendf(b, `\u%04X`, r), size
}
