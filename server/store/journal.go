package store

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// journal keeps, beside bets.csv, what that does not contain: which agencies have
// finished, and that the draw was held.
type journal struct {
	path string
	file *appender
	torn int64

	whole   int64 // of its bytes, when it was read: those of whole records
	unended bool  // the last of them lacked its end

	mu       sync.Mutex // guards what follows, and is held during a write
	finished map[lottery.AgencyID]finishedRecord
	draw     *drawRecord // nil before the draw
}

// openJournal opens a journal, or creates it.
func openJournal(path string, opts Options) (*journal, error) {
	file, err := openAppender(path, opts)
	if err != nil {
		return nil, err
	}
	return &journal{path: path, file: file, finished: make(map[lottery.AgencyID]finishedRecord)}, nil
}

// recover reads the journal, and changes nothing. A last line that a crash left
// unfinished, or NULs, do not count: they were never acknowledged. Any other line
// that is no record is an error that names it.
func (j *journal) recover() error {
	size, err := j.file.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", j.path, err)
	}
	text, err := io.ReadAll(io.NewSectionReader(j.file.file, 0, size))
	if err != nil {
		return fmt.Errorf("read %s: %w", j.path, err)
	}
	whole, number := 0, 0
	for line := range strings.Lines(string(bytes.TrimRight(text, "\x00"))) {
		number++
		record, err := parseJournalLine(strings.TrimSuffix(line, "\n"))
		if err != nil && !strings.HasSuffix(line, "\n") {
			if _, whole := parseJournalLine(line[:len(line)-1]); whole != nil {
				break // a crash left it unfinished
			}
			err = fmt.Errorf("%.80q ends in another byte than a line does", line)
		}
		if err == nil {
			_, err = j.isNew(record)
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", j.path, number, err)
		}
		j.apply(record)
		whole += len(line)
	}
	j.whole, j.unended = int64(whole), whole > 0 && text[whole-1] != '\n'
	return nil
}

// begin cuts a torn tail off, and ends the last line if that is all it lacks.
func (j *journal) begin() (err error) {
	if j.torn, err = j.file.begin(j.whole); err != nil || !j.unended {
		return err
	}
	return j.file.append([]byte("\n"))
}

// add notes a record, durably if so opened. To note it again is no error; what
// contradicts another record is.
func (j *journal) add(record fmt.Stringer) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	line := journalLine(record)
	if _, err := parseJournalLine(strings.TrimSuffix(line, "\n")); err != nil {
		return err // never write a line that recover would refuse
	}
	if fresh, err := j.isNew(record); err != nil || !fresh {
		return err
	}
	if err := j.file.append([]byte(line)); err != nil {
		return err
	}
	j.apply(record)
	return nil
}

// isNew tells whether a record adds to the journal; one that contradicts it is
// an error.
func (j *journal) isNew(record fmt.Stringer) (bool, error) {
	var before fmt.Stringer
	switch r := record.(type) {
	case finishedRecord:
		if f, known := j.finished[r.agency]; known {
			before = f
		}
	case drawRecord:
		if j.draw != nil {
			before = *j.draw
		}
	}
	if before != nil && before != record {
		return false, fmt.Errorf("record %q contradicts %q", record, before)
	}
	return before == nil, nil
}

func (j *journal) apply(record fmt.Stringer) {
	switch r := record.(type) {
	case finishedRecord:
		j.finished[r.agency] = r
	case drawRecord:
		j.draw = &r
	}
}
