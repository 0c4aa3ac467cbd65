package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
)

// Journal is a text file beside bets.csv that keeps what its rows do not tell,
// a line each: "finished AGENCY BETS" for an agency that has notified, and
// "draw AGENCIES BETS" for the draw.
type Journal struct {
	mu       sync.Mutex
	path     string
	file     *appender
	finished map[lottery.AgencyID]lottery.Offset
	draw     draw.Record
	drawn    bool
	refusal  error
}

// OpenJournal opens a journal, or creates it. A last line that a crash left
// without its end is dropped: it was never acknowledged. Any other line that is
// no record is an error that names it.
func OpenJournal(path string, opts Options) (*Journal, error) {
	file, err := openAppender(path, opts)
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, file: file, finished: make(map[lottery.AgencyID]lottery.Offset)}
	if err := j.recover(); err != nil {
		return nil, errors.Join(err, file.file.Close())
	}
	return j, nil
}

func (j *Journal) recover() error {
	size, err := j.file.file.Size()
	if err != nil {
		return fmt.Errorf("size of %s: %w", j.path, err)
	}
	text, err := io.ReadAll(io.NewSectionReader(j.file.file, 0, size))
	if err != nil {
		return fmt.Errorf("read %s: %w", j.path, err)
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // a torn line, or NULs, lie behind
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		if err := j.replay(line); err != nil {
			return fmt.Errorf("%s: line %d: %w", j.path, number, err)
		}
	}
	return j.file.begin(int64(len(text)))
}

// replay takes one line in, its line end included.
func (j *Journal) replay(line string) error {
	r, err := parseRecord(line)
	if err != nil {
		return err
	}
	if _, err := j.isNew(r); err != nil {
		return err
	}
	j.apply(r)
	return nil
}

// Finished tells which agencies have notified, and of how many bets.
func (j *Journal) Finished() map[lottery.AgencyID]lottery.Offset {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.finished)
}

// Drawn gives the record of the draw, if it was held.
func (j *Journal) Drawn() (draw.Record, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.draw, j.drawn
}

// RecordFinished notes, durably if so opened, that an agency has uploaded all
// its bets. To note it again is no error, with another total it is.
func (j *Journal) RecordFinished(id lottery.AgencyID, bets lottery.Offset) error {
	return j.record(record{kindFinished, uint64(id), uint64(bets)})
}

// RecordDraw notes, durably if so opened, that the draw was held.
func (j *Journal) RecordDraw(d draw.Record) error {
	return j.record(record{kindDraw, uint64(d.Agencies), d.Bets})
}

func (j *Journal) record(r record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refusal != nil {
		return j.refusal
	}
	if _, err := parseRecord(r.line()); err != nil {
		return err // what could not be read again is not written
	}
	if fresh, err := j.isNew(r); err != nil || !fresh {
		return err
	}
	if err := j.file.append([]byte(r.line())); err != nil {
		if errors.Is(err, ErrBroken) {
			j.refusal = err
		}
		return err
	}
	j.apply(r)
	return nil
}

// isNew tells whether a record adds to the journal; one that contradicts it is
// an error.
func (j *Journal) isNew(r record) (bool, error) {
	before, known := record{kindDraw, uint64(j.draw.Agencies), j.draw.Bets}, j.drawn
	if r.kind == kindFinished {
		var bets lottery.Offset
		bets, known = j.finished[lottery.AgencyID(r.who)]
		before = record{kindFinished, r.who, uint64(bets)}
	}
	if known && r != before {
		return false, fmt.Errorf("record %q contradicts %q", r, before)
	}
	return !known, nil
}

func (j *Journal) apply(r record) {
	if r.kind == kindFinished {
		j.finished[lottery.AgencyID(r.who)] = lottery.Offset(r.bets)
		return
	}
	j.draw, j.drawn = draw.Record{Agencies: int(r.who), Bets: r.bets}, true
}

// Fits tells, by an error that names both files, when the journal does not
// belong to these bets or to this number of agencies.
func (j *Journal) Fits(s *Store, agencies int) error {
	if err := j.misfit(s, agencies); err != nil {
		return fmt.Errorf("%s does not fit %s: %w", j.path, s.path, err)
	}
	return nil
}

func (j *Journal) misfit(s *Store, agencies int) error {
	finished := j.Finished()
	for _, id := range slices.Sorted(maps.Keys(finished)) {
		if uint64(id) > uint64(agencies) {
			return fmt.Errorf("agency %d has finished, and only %d are expected", id, agencies)
		}
		if stored := s.State(id).Bets; stored != finished[id] {
			return fmt.Errorf("agency %d has finished with %d bets, %d are stored", id, finished[id], stored)
		}
	}
	held, drawn := j.Drawn()
	switch {
	case !drawn:
		return nil
	case held.Agencies != agencies:
		return fmt.Errorf("the draw was held for %d agencies, not for %d", held.Agencies, agencies)
	case len(finished) != agencies:
		return fmt.Errorf("the draw was held, and only %d of %d agencies have finished", len(finished), agencies)
	case held.Bets != s.Bets():
		return fmt.Errorf("the draw was held over %d bets, %d are stored", held.Bets, s.Bets())
	}
	return nil
}

// Close syncs and closes the file. It is no error to close twice.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.refusal, ErrClosed) {
		return nil
	}
	j.refusal = ErrClosed
	return j.file.close()
}

const (
	kindFinished = "finished"
	kindDraw     = "draw"
)

// record is one line of the journal.
type record struct {
	kind string
	who  uint64 // the agency that has finished; how many agencies drew
	bets uint64
}

func (r record) String() string { return fmt.Sprintf("%s %d %d", r.kind, r.who, r.bets) }

func (r record) line() string { return r.String() + "\n" }

func parseRecord(line string) (record, error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	if len(fields) == 3 && (fields[0] == kindFinished || fields[0] == kindDraw) {
		who, errWho := strconv.ParseUint(fields[1], 10, 32)
		bets, errBets := strconv.ParseUint(fields[2], 10, 64)
		r := record{fields[0], who, bets}
		if errWho == nil && errBets == nil && who > 0 && r.line() == line {
			return r, nil
		}
	}
	return record{}, fmt.Errorf("%.80q is no record", line)
}
