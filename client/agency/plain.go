package agency

import (
	"strings"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// plainBets parses lines as nearly all are in a data file: without quotes or
// anything else that is unusual. It parses all of them or tells that it cannot;
// then splitRow and ParseBet, which accept more and find the words for what is
// wrong, must look at them one by one. What a field may not hold it looks for in
// all lines at once, which is far cheaper than in each.
func plainBets(dst []protocol.Bet, lines string) ([]protocol.Bet, bool) {
	if strings.IndexByte(lines, '"') >= 0 || strings.IndexByte(lines, 0) >= 0 || !utf8.ValidString(lines) {
		return dst, false
	}
	breaks := strings.Count(lines, "\n") + strings.Count(lines, "\r")
	for lines != "" {
		dst = append(dst, protocol.Bet{})
		rest, ok := plainBet(&dst[len(dst)-1], lines)
		if !ok {
			return dst, false
		}
		end := lineEnd(rest)
		if end == 0 && rest != "" {
			return dst, false
		}
		breaks -= end
		lines = rest[end:]
	}
	return dst, breaks == 0 // else one is inside a field
}

// plainBet parses the bet that lines begin with, and returns what follows it.
func plainBet(bet *protocol.Bet, lines string) (rest string, ok bool) {
	var ok1, ok2, ok3, okDate bool
	bet.FirstName, rest, ok1 = cutText(lines)
	bet.LastName, rest, ok2 = cutText(rest)
	bet.Document, rest, ok3 = cutText(rest)
	if !ok1 || !ok2 || !ok3 || len(rest) <= dateSize || rest[dateSize] != ',' {
		return "", false
	}
	bet.Birthdate, okDate = parseDate(rest[:dateSize])
	rest = rest[dateSize+1:]
	number, size := leadingDigits(rest)
	bet.Number = number
	return rest[size:], okDate && size > 0
}

// cutText takes a text, and the comma behind it, off the front of s.
func cutText(s string) (text, rest string, ok bool) {
	comma := strings.IndexByte(s, ',')
	if comma < 0 || comma > protocol.MaxString {
		return "", "", false
	}
	return s[:comma], s[comma+1:], true
}

// leadingDigits reads the number of decimal digits that s begins with: at most
// 18 of them, for that many always fit.
func leadingDigits(s string) (n int64, size int) {
	for size < len(s) && size < 18 {
		digit := s[size] - '0' // wraps around below '0'
		if digit > 9 {
			break
		}
		n = 10*n + int64(digit)
		size++
	}
	return n, size
}

// lineEnd is the size of the line end that s begins with, or 0.
func lineEnd(s string) int {
	switch {
	case strings.HasPrefix(s, "\n"):
		return 1
	case strings.HasPrefix(s, "\r\n"):
		return 2
	}
	return 0
}
