package replica

import (
	"fmt"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// A checkpoint is a fold as text, so that a central need not begin at the first
// entry of the log:
//
//	fold SEQUENCE VOID
//	agency AGENCY SESSION BETS SUM FINISHED "DOCUMENT"...     for each agency, in order
//	draw AGENCIES BETS WINNERS HASH AUTHOR                    if it was held
//	crc SUM                                                   CRC-32C of the lines before

// Checkpoint encodes the fold.
func (f *Fold) Checkpoint() []byte {
	lines := []string{fmt.Sprintf("fold %d %d", f.Sequence, f.Void)}
	for _, id := range f.ids() {
		a := f.agencies[id]
		line := fmt.Appendf(nil, "agency %d %d %d %08x %t", id, a.Session, a.Bets, a.Sum, a.Finished)
		lines = append(lines, string(appendDocuments(line, a.Winners)))
	}
	if f.Drawn != nil {
		lines = append(lines, f.Drawn.head())
	}
	lines = append(lines, fmt.Sprintf("crc %08x", sumOfLines(lines)))
	return []byte(strings.Join(lines, "\n") + "\n")
}

// ParseCheckpoint returns the fold of a checkpoint. Every error is ErrCorrupted;
// then the central can begin at the first entry of the log.
func ParseCheckpoint(text []byte) (*Fold, error) {
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	last := len(lines) - 1
	if lines[last] != fmt.Sprintf("crc %08x", sumOfLines(lines[:last])) {
		return nil, fmt.Errorf("%w: the checksum of a checkpoint", ErrCorrupted)
	}
	fold := NewFold()
	for _, line := range lines[:last] {
		if !fold.restore(fieldsOf(line)) {
			return nil, fmt.Errorf("%w: %.80q in a checkpoint", ErrCorrupted, line)
		}
	}
	return fold, nil
}

// restore takes one line of a checkpoint. It returns whether it could.
func (f *Fold) restore(line *fields) bool {
	switch line.word() {
	case "fold":
		f.Sequence, f.Void = line.number(), line.number()
	case "agency":
		id := line.agency()
		f.agencies[id] = &Agency{
			Session: SessionNumber(line.number()), Bets: lottery.Offset(line.number()), Sum: line.hex(),
			Finished: line.bool(), Winners: line.documents(),
		}
	case "draw":
		f.Drawn = line.draw()
	default:
		return false
	}
	return !line.failed && line.rest == ""
}
