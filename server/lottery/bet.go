// Package lottery holds the rules of the lottery: what a bet is, when it is
// valid, when it has won, and in which order the draw takes its steps.
//
// It knows nothing of bytes, files, sockets or logs.
package lottery

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// WinningNumber is the number that wins the draw, as the course simulates it.
const WinningNumber = 7574

// AgencyID identifies an agency; valid ids are positive.
type AgencyID uint32

// Offset counts bets of one agency: it is a position in the agency's sequence
// of bets, or how many of them there are.
type Offset uint64

// Bet is one entry of the lottery.
type Bet struct {
	Agency    AgencyID
	FirstName string
	LastName  string
	Document  string // the text as given; leading zeros matter
	Birthdate Date
	Number    int64
}

// HasWon tells whether a bet wins the draw.
func HasWon(b *Bet) bool { return b.Number == WinningNumber }

// ErrInvalidBet is wrapped by every error that Validate returns.
var ErrInvalidBet = errors.New("invalid bet")

// Validate returns nil for a bet that can be stored, else an error that wraps
// ErrInvalidBet and names the field.
func (b *Bet) Validate() error {
	switch {
	case b.Agency == 0:
		return fmt.Errorf("%w: agency: must be positive", ErrInvalidBet)
	case !validText(b.FirstName):
		return textError("first name", b.FirstName)
	case !validText(b.LastName):
		return textError("last name", b.LastName)
	case !validText(b.Document):
		return textError("document", b.Document)
	case !b.Birthdate.Valid():
		return fmt.Errorf("%w: birthdate: no such day: %v", ErrInvalidBet, b.Birthdate)
	}
	return nil
}

// validText tells whether a field can be a cell of one line of bets.csv: UTF-8
// without line breaks, which would spread it over lines, and without NUL,
// which marks a tail that a crash left unwritten.
func validText(s string) bool {
	var all byte
	for i := range len(s) {
		c := s[i]
		if c <= '\r' && (c == '\n' || c == '\r' || c == 0) {
			return false
		}
		all |= c
	}
	return all < utf8.RuneSelf || utf8.ValidString(s) // ASCII is
}

func textError(field, value string) error {
	if !utf8.ValidString(value) {
		return fmt.Errorf("%w: %s: not UTF-8", ErrInvalidBet, field)
	}
	return fmt.Errorf("%w: %s: holds a line break or a NUL", ErrInvalidBet, field)
}
