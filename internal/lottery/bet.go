// Package lottery defines a bet, its validation and the winning rule, for agencies
// and the central (the server program).
//
// It depends on no byte format, file, socket or log.
package lottery

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WinningNumber is the number that wins the draw, as the course simulates it.
const WinningNumber = 7574

// AgencyID identifies an agency; valid ids are positive.
type AgencyID uint32

// ParseAgencyID parses a positive decimal integer of 32 bits.
func ParseAgencyID(text string) (AgencyID, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil || id == 0 {
		return 0, fmt.Errorf("agency: %.40q is no positive integer of 32 bits", text)
	}
	return AgencyID(id), nil
}

// Offset is a position in the sequence of an agency's bets, from 0. It is also the
// number of bets before that position.
type Offset uint64

// Bet is one entry of the lottery.
type Bet struct {
	Agency    AgencyID
	FirstName string
	LastName  string
	Document  string // a text: leading zeros stay
	Birthdate Date
	Number    int64
}

// HasWon returns whether a bet wins the draw.
func HasWon(b *Bet) bool { return b.Number == WinningNumber }

// ErrInvalidBet matches, with errors.Is, every error of Validate.
var ErrInvalidBet = errors.New("invalid bet")

// invalidError names the field and the problem. Its text does not say that a bet is
// invalid: the ERROR message or the file's row, in which it appears, says that.
type invalidError struct{ field, problem string }

func (e invalidError) Error() string { return e.field + ": " + e.problem }

// Is makes errors.Is match ErrInvalidBet.
func (e invalidError) Is(target error) bool { return target == ErrInvalidBet }

// ParseBet makes a bet from the texts of its fields. The birthdate must be YYYY-MM-DD,
// and the number a decimal integer of 64 bits; the error names the field. ParseBet does
// not check the other texts: Validate does.
func ParseBet(agency AgencyID, firstName, lastName, document, birthdate, number string) (Bet, error) {
	bet := Bet{Agency: agency, FirstName: firstName, LastName: lastName, Document: document}
	var err error
	if bet.Birthdate, err = ParseDate(birthdate); err != nil {
		return bet, fmt.Errorf("birthdate: %w", err)
	}
	if bet.Number, err = ParseNumber(number); err != nil {
		return bet, fmt.Errorf("number: %w", err)
	}
	return bet, nil
}

// ParseNumber parses a decimal integer of 64 bits. Its loop parses up to 18 digits, which
// always fit: with strconv.ParseInt alone, reading a data file takes a third longer.
func ParseNumber(s string) (int64, error) {
	if s == "" || len(s) > 18 {
		return parseAnyNumber(s)
	}
	var n int64
	for i := range len(s) {
		digit := s[i] - '0' // below '0' it wraps around
		if digit > 9 {
			return parseAnyNumber(s)
		}
		n = 10*n + int64(digit)
	}
	return n, nil
}

// parseAnyNumber is ParseNumber for a sign or for more than 18 digits.
func parseAnyNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no integer of 64 bits", s)
	}
	return n, nil
}

// Validate returns nil for a bet that can be stored. Otherwise its error is an
// ErrInvalidBet and names the field. Package betcsv checks the same for many bets at once
// and must agree: FuzzPlainRow and FuzzAppendRows compare them.
func (b *Bet) Validate() error {
	switch {
	case b.Agency == 0:
		return invalidError{"agency", "must be positive"}
	case !validText(b.FirstName):
		return textError("first name", b.FirstName)
	case !validText(b.LastName):
		return textError("last name", b.LastName)
	case !validText(b.Document):
		return textError("document", b.Document)
	case !b.Birthdate.Valid():
		return invalidError{"birthdate", fmt.Sprintf("no such day: %v", b.Birthdate)}
	}
	return nil
}

// validText returns whether a text can be a field of a bet: valid UTF-8, without line
// breaks and NUL. It may be empty.
func validText(s string) bool { return !strings.ContainsAny(s, "\n\r\x00") && utf8.ValidString(s) }

func textError(field, value string) error {
	if !utf8.ValidString(value) {
		return invalidError{field, "not UTF-8"}
	}
	return invalidError{field, "holds a line break or a NUL"}
}
