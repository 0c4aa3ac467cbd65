package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// The journal is a text file of entries, one in each line. An entry says what was
// acknowledged and what bets.csv held then. It ends with the CRC-32C of the line up to
// there, in hexadecimal:
//
//	finished AGENCY BETS SUM CRC
//	draw AGENCIES BETS WINNERS SUM CRC
//
// SUM is the checksum of the agency's bets (protocol.Checksum), and that of the
// winners (sumOfWinners).

// finishedEntry says that an agency has uploaded all its bets.
type finishedEntry struct {
	agency lottery.AgencyID
	State
}

func (e finishedEntry) String() string {
	return fmt.Sprintf("finished %d %d %08x", e.agency, e.Bets, e.Sum)
}

// drawEntry says that the draw was held.
type drawEntry struct {
	agencies int
	bets     uint64
	winners  int
	sum      uint32
}

func (e drawEntry) String() string {
	return fmt.Sprintf("draw %d %d %d %08x", e.agencies, e.bets, e.winners, e.sum)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalLine is the line of an entry, with its line break.
func journalLine(entry fmt.Stringer) string {
	text := entry.String()
	return fmt.Sprintf("%s %08x\n", text, crc32.Checksum([]byte(text), castagnoli))
}

// errNoChecksum refuses a line of the form that had no checksums: "finished AGENCY
// BETS" or "draw AGENCIES BETS".
var errNoChecksum = errors.New("has no checksum: an earlier version wrote it; end that lottery with that version, or move bets.csv and its journal away to begin another")

// parseJournalLine reads a line without its line break. It accepts only a line that
// journalLine writes.
func parseJournalLine(line string) (fmt.Stringer, error) {
	var f finishedEntry
	if _, err := fmt.Sscanf(line, "finished %d %d %x", &f.agency, &f.Bets, &f.Sum); err == nil && f.agency > 0 && journalLine(f) == line+"\n" {
		return f, nil
	}
	var d drawEntry
	if _, err := fmt.Sscanf(line, "draw %d %d %d %x", &d.agencies, &d.bets, &d.winners, &d.sum); err == nil && d.agencies > 0 && journalLine(d) == line+"\n" {
		return d, nil
	}
	if word, _, _ := strings.Cut(line, " "); (word == "finished" || word == "draw") && strings.Count(line, " ") == 2 {
		return nil, errNoChecksum
	}
	return nil, fmt.Errorf("%.80q is no entry, or is damaged", line)
}
