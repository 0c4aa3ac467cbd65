package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// The journal is a text file. A line tells what was acknowledged, what that stands
// for in bets.csv, and a CRC-32C of the line up to there, in hexadecimal:
//
//	finished AGENCY BETS SUM CRC
//	draw AGENCIES BETS WINNERS SUM CRC
//
// SUM is the checksum of the agency's bets (protocol.Checksum), and that of the
// winners (sumOfWinners).

// finishedRecord says that an agency has uploaded all its bets.
type finishedRecord struct {
	agency lottery.AgencyID
	State
}

func (r finishedRecord) String() string {
	return fmt.Sprintf("finished %d %d %08x", r.agency, r.Bets, r.Sum)
}

// drawRecord says that the draw was held.
type drawRecord struct {
	agencies int
	bets     uint64
	winners  int
	sum      uint32
}

func (r drawRecord) String() string {
	return fmt.Sprintf("draw %d %d %d %08x", r.agencies, r.bets, r.winners, r.sum)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalLine is a record's line, its end included.
func journalLine(record fmt.Stringer) string {
	text := record.String()
	return fmt.Sprintf("%s %08x\n", text, crc32.Checksum([]byte(text), castagnoli))
}

var errNoChecksum = errors.New("has no checksum: an earlier version wrote it; end that lottery with that version, or move bets.csv and its journal away to begin another")

// parseJournalLine reads a line without its end. What it accepts is what
// journalLine writes.
func parseJournalLine(line string) (fmt.Stringer, error) {
	var f finishedRecord
	if _, err := fmt.Sscanf(line, "finished %d %d %x", &f.agency, &f.Bets, &f.Sum); err == nil && f.agency > 0 && journalLine(f) == line+"\n" {
		return f, nil
	}
	var d drawRecord
	if _, err := fmt.Sscanf(line, "draw %d %d %d %x", &d.agencies, &d.bets, &d.winners, &d.sum); err == nil && d.agencies > 0 && journalLine(d) == line+"\n" {
		return d, nil
	}
	if word, _, _ := strings.Cut(line, " "); (word == "finished" || word == "draw") && strings.Count(line, " ") == 2 {
		return nil, errNoChecksum
	}
	return nil, fmt.Errorf("%.80q is no record, or is damaged", line)
}

// sumOfWinners is the CRC-32C of the winners in the order of storage, each as a
// line "AGENCY DOCUMENT" with the document quoted.
func sumOfWinners(winners []draw.Winner) (sum uint32) {
	for _, w := range winners {
		sum = crc32.Update(sum, castagnoli, fmt.Appendf(nil, "%d %q\n", w.Agency, w.Document))
	}
	return sum
}
