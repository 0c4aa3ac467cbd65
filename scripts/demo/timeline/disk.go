package timeline

import (
	"bytes"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// FS returns a file system whose writes, syncs and cuts are recorded.
func (r *Recorder) FS(fs store.FS) store.FS { return &disk{fs, r} }

type disk struct {
	store.FS
	recorder *Recorder
}

func (d *disk) Open(path string) (store.File, error) {
	f, err := d.FS.Open(path)
	if err != nil {
		return nil, err
	}
	return &file{f, d.recorder, filepath.Base(path)}, nil
}

type file struct {
	store.File
	recorder *Recorder
	name     string
}

func (f *file) Write(p []byte) (n int, err error) {
	op := Operation{File: f.name, Kind: Write}
	err = f.record(&op, func() error { n, err = f.File.Write(p); return err }, func() {
		op.Bytes = int64(n)
		if strings.HasSuffix(f.name, ".journal") {
			op.Record = strings.TrimSpace(string(p[:n]))
		} else {
			op.Rows = countRows(p[:n])
		}
	})
	return n, err
}

func (f *file) Sync() error {
	return f.record(&Operation{File: f.name, Kind: Sync}, f.File.Sync, nil)
}

func (f *file) Truncate(size int64) error {
	op := &Operation{File: f.name, Kind: Truncate, Bytes: size}
	return f.record(op, func() error { return f.File.Truncate(size) }, nil)
}

// record does an operation and adds it to the recording. describe, if not nil, is
// called after that is timed.
func (f *file) record(op *Operation, do func() error, describe func()) error {
	op.Start = f.recorder.now()
	err := do()
	op.End = f.recorder.now()
	op.Failed = err != nil
	if describe != nil {
		describe()
	}
	f.recorder.mu.Lock()
	defer f.recorder.mu.Unlock()
	f.recorder.operations = append(f.recorder.operations, *op)
	return err
}

// countRows counts the rows of bets.csv by agency, in the order in which the
// agencies appear. No field of a stored bet holds a line break.
func countRows(p []byte) (rows []Rows) {
	at := make(map[lottery.AgencyID]int)
	for row := range bytes.Lines(p) {
		text, _, _ := bytes.Cut(row, []byte(","))
		id, err := strconv.ParseUint(string(text), 10, 32)
		if err != nil {
			continue
		}
		agency := lottery.AgencyID(id)
		if _, known := at[agency]; !known {
			at[agency] = len(rows)
			rows = append(rows, Rows{Agency: agency})
		}
		rows[at[agency]].Bets++
	}
	return rows
}
