package store

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
)

// journal keeps what bets.csv does not contain: which agencies have finished, and that
// the draw was held.
type journal struct {
	path string
	file *appender
	torn int64

	wholeSize    int64 // how many bytes the whole lines have that recover has read
	lacksNewline bool  // the last whole line had no line break

	mu       sync.Mutex // guards what follows, and is held during a write
	finished map[lottery.AgencyID]finishedEntry
	draw     *drawEntry // nil before the draw
}

// openJournal opens a journal, or creates it.
func openJournal(path string, opts Options) (*journal, error) {
	file, err := openAppender(path, opts)
	if err != nil {
		return nil, err
	}
	return &journal{path: path, file: file, finished: make(map[lottery.AgencyID]finishedEntry)}, nil
}

// recover reads the journal, and changes nothing. It ignores a last line that a crash
// left unfinished, and NULs at the end: they were never acknowledged. It fails for any
// other line that is no entry, and names the line.
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
		entry, err := parseJournalLine(strings.TrimSuffix(line, "\n"))
		if err != nil && !strings.HasSuffix(line, "\n") {
			if _, err := parseJournalLine(line[:len(line)-1]); err != nil {
				break // a crash left it unfinished
			}
			err = fmt.Errorf("%.80q ends in another byte than a line does", line)
		}
		if err == nil {
			_, err = j.isNew(entry)
		}
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", j.path, number, err)
		}
		j.apply(entry)
		whole += len(line)
	}
	j.wholeSize, j.lacksNewline = int64(whole), whole > 0 && text[whole-1] != '\n'
	return nil
}

// repair cuts off the torn end that recover has found. If the last line is whole but
// for its line break, repair adds the line break.
func (j *journal) repair() (err error) {
	if j.torn, err = j.file.cutTornEnd(j.wholeSize); err != nil || !j.lacksNewline {
		return err
	}
	return j.file.append([]byte("\n"))
}

// add appends an entry. It does nothing if the journal has the same entry, and fails
// if the entry contradicts another one.
func (j *journal) add(entry fmt.Stringer) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	line := journalLine(entry)
	if _, err := parseJournalLine(strings.TrimSuffix(line, "\n")); err != nil {
		return err // never write a line that recover would not accept
	}
	if fresh, err := j.isNew(entry); err != nil || !fresh {
		return err
	}
	if err := j.file.append([]byte(line)); err != nil {
		return err
	}
	j.apply(entry)
	return nil
}

// isNew returns whether the journal lacks an entry. It fails if the entry contradicts
// the journal.
func (j *journal) isNew(entry fmt.Stringer) (bool, error) {
	var before fmt.Stringer
	switch e := entry.(type) {
	case finishedEntry:
		if f, known := j.finished[e.agency]; known {
			before = f
		}
	case drawEntry:
		if j.draw != nil {
			before = *j.draw
		}
	}
	if before != nil && before != entry {
		return false, fmt.Errorf("entry %q contradicts %q", entry, before)
	}
	return before == nil, nil
}

func (j *journal) apply(entry fmt.Stringer) {
	switch e := entry.(type) {
	case finishedEntry:
		j.finished[e.agency] = e
	case drawEntry:
		j.draw = &e
	}
}
