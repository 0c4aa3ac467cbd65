package tcp

import (
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// fromWire turns bets that came from an agency into the lottery's, in the
// capacity of a slice that is no longer needed.
func fromWire(reuse []lottery.Bet, agency lottery.AgencyID, bets []protocol.Bet) []lottery.Bet {
	converted := slices.Grow(reuse[:0], len(bets))[:len(bets)]
	for i := range bets {
		from, to := &bets[i], &converted[i]
		to.Agency = agency
		to.FirstName, to.LastName, to.Document = from.FirstName, from.LastName, from.Document
		to.Birthdate = lottery.Date(from.Birthdate)
		to.Number = from.Number
	}
	return converted
}

// toWire turns a bet of the lottery into what travels.
func toWire(b *lottery.Bet) protocol.Bet {
	return protocol.Bet{
		FirstName: b.FirstName,
		LastName:  b.LastName,
		Document:  b.Document,
		Birthdate: protocol.Date(b.Birthdate),
		Number:    b.Number,
	}
}

var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Digest continues the checksum that WELCOME carries with the given bets. It
// is what a store.Store is opened with.
func Digest(sum uint32, bets []lottery.Bet) uint32 {
	buffer := recordBuffers.Get().(*[]byte)
	defer recordBuffers.Put(buffer)
	records := (*buffer)[:0]
	for i := range bets {
		bet := toWire(&bets[i])
		// Only a bet that never travelled can fail: a field of a foreign
		// bets.csv that is too long. It is left out.
		records, _ = bet.Append(records)
	}
	*buffer = records
	return protocol.Checksum(sum, records)
}

// digestOf is Digest for the last of a batch's bets, whose records need not be
// encoded: they are in the payload that the batch came in.
func digestOf(payload []byte, batch []protocol.Bet) store.Digest {
	return func(sum uint32, last []lottery.Bet) uint32 {
		return protocol.Checksum(sum, protocol.Records(payload, batch[len(batch)-len(last):]))
	}
}

// CheckStored fails for a stored bet of which its agency could never be told: a
// winner whose document does not fit the message. No bet that travelled is one,
// but a foreign bets.csv may hold it; then every query of the agency would fail.
// It is what a store.Store is opened with.
func CheckStored(b *lottery.Bet) error {
	if lottery.HasWon(b) && len(b.Document) > protocol.MaxString {
		return fmt.Errorf("the winner's document has %d bytes, at most %d can be sent to an agency", len(b.Document), protocol.MaxString)
	}
	return nil
}

// refusal is the ERROR that tells a peer why its connection ends.
func refusal(status protocol.Status, format string, args ...any) *protocol.Error {
	return &protocol.Error{Status: status, Text: clip(fmt.Sprintf(format, args...))}
}

// clip shortens a text to what a string of the protocol holds.
func clip(text string) string {
	if len(text) <= protocol.MaxString {
		return text
	}
	end := protocol.MaxString
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
