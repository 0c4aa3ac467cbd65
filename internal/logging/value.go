package logging

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxValue is the maximum length of a value in bytes, with its escapes.
const maxValue = 1000

// Value makes s the value of a key in a log line. Value returns ordinary text as it
// is. It escapes
//   - '|', line breaks, control characters and the colon of "action:", because a
//     value must not look like another key or another line,
//   - invisible characters, marks of direction and every space but ' ', because a
//     reader must see what the value is,
//   - bytes that are not UTF-8, because a line is UTF-8,
//   - backslashes, because an escape begins with one.
//
// The escapes are those of Go's string literals, which strconv.UnquoteChar reads
// back:
//
//	\\            backslash
//	\n \r \t      line feed, carriage return, tab
//	\xHH          other ASCII characters, and bytes that are not UTF-8
//	\uHHHH        other characters up to U+FFFF
//	\UHHHHHHHH    other characters
//
// A value longer than 1000 bytes is cut between two characters. It then ends with
// \(+N bytes), where N is how many bytes of s are missing. No escape begins with \(.
func Value(s string) string {
	if len(s) <= maxValue && isClean(s) {
		return s
	}
	b := make([]byte, 0, min(2*len(s), maxValue)+32)
	for s != "" {
		longer, size := appendCharacter(b, s)
		if len(longer) > maxValue {
			return fmt.Sprintf(`%s\(+%d bytes)`, b, len(s))
		}
		b, s = longer, s[size:]
	}
	return string(b)
}

const actionKey = "action:"

// isClean returns whether no character of s needs an escape.
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
	return !strings.Contains(s, actionKey)
}

// needsEscape returns whether a character of size bytes needs an escape, wherever it
// is. unicode.IsPrint refuses control characters, marks of direction and all spaces but
// ' '. It accepts some invisible characters, which Unicode's tables list.
func needsEscape(r rune, size int) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f || r == '|' || r == '\\'
	}
	return r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// appendCharacter appends the first character of s, or its escape. It returns how many
// bytes that character has in s.
func appendCharacter(b []byte, s string) ([]byte, int) {
	r, size := utf8.DecodeRuneInString(s)
	endsAction := r == ':' && bytes.HasSuffix(b, []byte(actionKey[:len(actionKey)-1]))
	if !endsAction && !needsEscape(r, size) {
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
	// The hexadecimal digits are capitals, because a small a could begin "action:".
	switch {
	case size == 1: // ASCII, or not UTF-8
		return fmt.Appendf(b, `\x%02X`, s[0]), size
	case r > 0xffff:
		return fmt.Appendf(b, `\U%08X`, r), size
	}
	return fmt.Appendf(b, `\u%04X`, r), size
}
