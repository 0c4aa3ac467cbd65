package logging

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestValue(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"[CLIENT 1] Message N°1", "[CLIENT 1] Message N°1"},
		{"Ñandú Muñoz 彩票 e\u0301 👩 مرحبا", "Ñandú Muñoz 彩票 e\u0301 👩 مرحبا"},
		{"dial tcp 127.0.0.1:1: refused", "dial tcp 127.0.0.1:1: refused"},
		{"a | b", `a \x7C b`},
		{"one\ntwo\r\n\tthree", `one\ntwo\r\n\tthree`},
		{`C:\n`, `C:\\n`},
		{"\x00\x1b[31m\x7f", `\x00\x1B[31m\x7F`},
		{"\u0085\u009f", `\u0085\u009F`},
		{"\u2028\u2029", `\u2028\u2029`},
		// marks of direction
		{"\u200e\u200f\u061c", `\u200E\u200F\u061C`},
		{"\u202a\u202b\u202c\u202d\u202e", `\u202A\u202B\u202C\u202D\u202E`},
		{"\u2066\u2067\u2068\u2069", `\u2066\u2067\u2068\u2069`},
		// invisible characters
		{"30\u200b904\u200c4\u200d65\ufeff", `30\u200B904\u200C4\u200D65\uFEFF`},
		{"\u00ad\u034f\u115f\u2060\u2064\u206f\u3164\uffa0\ufff9", `\u00AD\u034F\u115F\u2060\u2064\u206F\u3164\uFFA0\uFFF9`},
		{"\ufe0f\U000e0100\U000e0001\U000e0041\U0001d173", `\uFE0F\U000E0100\U000E0001\U000E0041\U0001D173`},
		{"\ue000\U0010fffd\U000e0fff", `\uE000\U0010FFFD\U000E0FFF`}, // private use, not assigned
		{"a\u00a0b\u2003c\u3000d", `a\u00A0b\u2003c\u3000d`},         // spaces
		{"ok\xff\xc3", `ok\xFF\xC3`},
		{"\uFFFD", "\uFFFD"}, // itself, not a decoding error
		{"action: x", `action\x3A x`},
		{"reaction:action:", `reaction\x3Aaction\x3A`},
		{"|action:", `\x7Caction\x3A`},
		{"actio|n: action Action: actions:", `actio\x7Cn: action Action: actions:`},
	} {
		if got := Value(tt.in); got != tt.want {
			t.Errorf("Value(%q) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// A value takes no more than maxValue bytes, escapes included. No character and no
// escape is cut.
func TestValueLength(t *testing.T) {
	full := strings.Repeat("°", maxValue/2)
	almost := strings.Repeat("x", maxValue-3)
	for _, tt := range []struct{ in, want string }{
		{full, full},
		{full + "°", full + `\(+2 bytes)`},
		{"x" + full, "x" + full[:maxValue-2] + `\(+2 bytes)`},
		{almost + "xxxx", almost + `xxx\(+1 bytes)`},
		{almost + "x\n", almost + `x\n`},
		{almost + "xx\n", almost + `xx\(+1 bytes)`},
		{almost + "\u200bxx", almost + `\(+5 bytes)`},
		{strings.Repeat("\x01", 8000), strings.Repeat(`\x01`, maxValue/4) + fmt.Sprintf(`\(+%d bytes)`, 8000-maxValue/4)},
		{strings.Repeat("\xbf", maxValue/4+10), strings.Repeat(`\xBF`, maxValue/4) + `\(+10 bytes)`},
	} {
		if got := Value(tt.in); got != tt.want {
			t.Errorf("%d bytes, which end with %q: got …%q, want …%q", len(tt.in), tt.in[len(tt.in)-5:], got[len(got)-20:], tt.want[len(tt.want)-20:])
		}
	}
}

func TestValueAllocations(t *testing.T) {
	for _, s := range []string{"[CLIENT 1] Message N°1", "彩票 Muñoz", strings.Repeat("x", maxValue)} {
		if n := testing.AllocsPerRun(100, func() { Value(s) }); n != 0 {
			t.Errorf("Value of ordinary text allocates %v times", n)
		}
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{"", "a|b", "action:", "actionaction::", "action:ction:", "\x1action:", "\\x7c", "\n", "\xff", "\u2028", "\u0085", "\u202e", "\U000e0001", strings.Repeat("ñ", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := Value(s)
		if strings.Contains(v, "|") || strings.Contains(v, "action:") || !utf8.ValidString(v) ||
			strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector) }) {
			t.Fatalf("Value(%q) = %q", s, v)
		}
		back, leftOut, err := unescape(v)
		if err != nil || !strings.HasPrefix(s, back) || len(back)+leftOut != len(s) {
			t.Fatalf("Value(%q) = %q reads back as %q and %d more, %v", s, v, back, leftOut, err)
		}
		if most := maxValue + len(`\(+ bytes)`) + len(strconv.Itoa(leftOut)); len(v) > most || leftOut == 0 && len(v) > maxValue {
			t.Fatalf("the value of %d bytes takes %d", len(s), len(v))
		}
	})
}

// unescape reads back a value. It returns the text and how many bytes are missing.
func unescape(v string) (text string, leftOut int, err error) {
	var b []byte
	for v != "" {
		if strings.HasPrefix(v, `\(`) {
			_, err := fmt.Sscanf(v, `\(+%d bytes)`, &leftOut)
			return string(b), leftOut, err
		}
		r, multibyte, tail, err := strconv.UnquoteChar(v, 0)
		if err != nil {
			return "", 0, fmt.Errorf("at %q: %w", v, err)
		}
		if v = tail; multibyte {
			b = utf8.AppendRune(b, r)
		} else {
			b = append(b, byte(r))
		}
	}
	return string(b), 0, nil
}

func BenchmarkValue(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Value("[CLIENT 1] Message N°1")
	}
}
