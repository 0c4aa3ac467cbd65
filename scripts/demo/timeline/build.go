package timeline

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// Timeline returns what was recorded of a central that began without bets and has
// stopped. What the start of the central did to its files is left out. It fails if
// the bytes of a connection are no frames.
func (r *Recorder) Timeline(agencies int) (*Timeline, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.connections) == 0 {
		return nil, errors.New("no agency has connected")
	}
	zero := r.connections[0].opened
	t := &Timeline{Agencies: agencies}
	for _, c := range r.connections {
		if err := t.addConnection(c, zero); err != nil {
			return nil, fmt.Errorf("connection %d: %w", c.number, err)
		}
	}
	for _, op := range r.operations {
		if op.Start >= zero {
			op.Start, op.End = op.Start-zero, op.End-zero
			t.Operations = append(t.Operations, op)
		}
	}
	if r.draw != nil {
		t.Draw = &Draw{r.draw.At - zero, r.draw.Bets, r.draw.Winners}
	}
	slices.SortStableFunc(t.Frames, func(a, b Frame) int { return cmp.Compare(a.At, b.At) })
	slices.SortStableFunc(t.Operations, func(a, b Operation) int { return cmp.Compare(a.Start, b.Start) })
	t.addCommits()
	t.link()
	t.addPhases()
	return t, nil
}

// addConnection adds a connection and its frames. One that has sent nothing is left
// out, as is an echo's, which begins with text.
func (t *Timeline) addConnection(c *connection, zero Time) error {
	if len(c.in.bytes) == 0 || c.in.bytes[0] != 0 {
		return nil
	}
	in, err := c.in.frames()
	if err != nil {
		return err
	}
	out, err := c.out.frames()
	if err != nil {
		return err
	}
	var agency lottery.AgencyID
	for i := range out {
		out[i].Sent = true
	}
	for _, f := range slices.Concat(in, out) {
		agency = max(agency, f.Agency) // HELLO alone tells it
	}
	for _, f := range slices.Concat(in, out) {
		f.At, f.Agency, f.Connection = f.At-zero, agency, c.number
		t.Frames = append(t.Frames, f)
		t.End = max(t.End, f.At)
	}
	t.Connections = append(t.Connections, Connection{agency, c.opened - zero, Time(c.closed.Load()) - zero})
	return nil
}

// frames decodes a stream. The time of a frame is that of its last byte. A frame
// that was cut at the end does not count.
func (s *stream) frames() (frames []Frame, err error) {
	reader := protocol.NewReader(bytes.NewReader(s.bytes))
	end, next := 0, 0
	for {
		kind, payload, err := reader.Next()
		switch {
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return frames, nil
		case err != nil:
			return nil, err
		}
		f := Frame{Type: kind.String(), Bytes: len(payload) + frameHeader}
		if err := f.decode(kind, payload); err != nil {
			return nil, err
		}
		for end += f.Bytes; s.chunks[next].end < end; {
			next++
		}
		f.At = s.chunks[next].at
		frames = append(frames, f)
	}
}

// frameHeader is the size of a frame's length and type, in bytes.
const frameHeader = 5

// decode sets the fields that the page shows of a frame.
func (f *Frame) decode(kind protocol.Type, payload []byte) (err error) {
	switch kind {
	case protocol.TypeHello:
		var m protocol.Hello
		err = m.Decode(payload)
		f.Agency = m.Agency
	case protocol.TypeBatch:
		var m protocol.Batch
		err = m.Decode(payload)
		f.Offset, f.Count = m.Offset, len(m.Bets)
	case protocol.TypeBet:
		var m protocol.Single
		err = m.Decode(payload)
		f.Offset, f.Count = m.Offset, 1
	case protocol.TypeFinished:
		var m protocol.Finished
		err = m.Decode(payload)
		f.Stored = m.Total
	case protocol.TypeWelcome:
		var m protocol.Welcome
		err = m.Decode(payload)
		f.Stored = m.Stored
	case protocol.TypeAck:
		var m protocol.Ack
		err = m.Decode(payload)
		f.Stored = m.Stored
	case protocol.TypeWinners:
		var m protocol.Winners
		err = m.Decode(payload)
		f.Count = len(m.Documents)
	case protocol.TypeError:
		var m protocol.Error
		err = m.Decode(payload)
		f.Offset, f.Count, f.Status, f.Text = m.Offset, int(m.Count), m.Status.String(), m.Text
	}
	return err
}

// addCommits joins each write that did not fail with the next fsync of its file.
func (t *Timeline) addCommits() {
	stored := make(map[lottery.AgencyID]lottery.Offset)
	open := make(map[string]int) // the commits that wait for an fsync, by file
	for i := range t.Operations {
		op := &t.Operations[i]
		t.End = max(t.End, op.End)
		switch {
		case op.Failed || op.Kind == Truncate:
			t.Failures = append(t.Failures, *op)
		case op.Kind == Write:
			c := Commit{File: op.File, Start: op.Start, Written: op.End, Bytes: op.Bytes, Record: op.Record, Rows: op.Rows}
			for j := range op.Rows {
				stored[op.Rows[j].Agency] += op.Rows[j].Bets
				op.Rows[j].Stored = stored[op.Rows[j].Agency]
				c.Bets += op.Rows[j].Bets
			}
			t.Commits = append(t.Commits, c)
			open[op.File] = len(t.Commits)
		case op.Kind == Sync && open[op.File] > 0:
			t.Commits[open[op.File]-1].Durable = op.End
			delete(open, op.File)
		}
	}
}

// link sets the commit of each frame that has one.
func (t *Timeline) link() {
	holds := make(map[lottery.AgencyID][]int) // the commits with rows of an agency
	noted := make(map[lottery.AgencyID]int)   // the commit that notes its end
	for i, c := range t.Commits {
		for _, rows := range c.Rows {
			holds[rows.Agency] = append(holds[rows.Agency], i)
		}
		var id lottery.AgencyID
		if n, _ := fmt.Sscanf(c.Record, "finished %d", &id); n == 1 {
			noted[id] = i + 1
		}
	}
	// commitOf finds the commit that holds the bet before a position.
	commitOf := func(id lottery.AgencyID, end lottery.Offset) int {
		i, found := slices.BinarySearchFunc(holds[id], end, func(commit int, end lottery.Offset) int {
			return cmp.Compare(t.Commits[commit].stored(id), end)
		})
		if end == 0 || !found && i == len(holds[id]) {
			return 0
		}
		return holds[id][i] + 1
	}
	for i := range t.Frames {
		f := &t.Frames[i]
		switch {
		case f.carriesBets():
			if f.Commit = commitOf(f.Agency, f.Offset+lottery.Offset(f.Count)); f.Commit > 0 {
				t.Commits[f.Commit-1].Batches++
			}
		case f.Type == protocol.TypeAck.String():
			f.Commit = commitOf(f.Agency, f.Stored)
		case f.Type == protocol.TypeFinished.String() || f.Type == protocol.TypeRegistered.String():
			f.Commit = noted[f.Agency]
		}
	}
}

// stored is how many bets of an agency are stored after the commit.
func (c *Commit) stored(id lottery.AgencyID) lottery.Offset {
	for _, rows := range c.Rows {
		if rows.Agency == id {
			return rows.Stored
		}
	}
	return 0
}

// addPhases names the parts of a run that got so far.
func (t *Timeline) addPhases() {
	first, last := make(map[string]Time), make(map[string]Time)
	for _, f := range t.Frames {
		if _, seen := first[f.Type]; !seen {
			first[f.Type] = f.At
		}
		last[f.Type] = f.At
	}
	add := func(name string, start, end Time) {
		t.Phases = append(t.Phases, Phase{name, start, max(start, end)})
	}
	finished, some := first[protocol.TypeFinished.String()]
	add("subida", 0, last[protocol.TypeAck.String()])
	if !some {
		return
	}
	begun := slices.IndexFunc(t.Commits, func(c Commit) bool { return strings.HasPrefix(c.Record, "draw ") })
	if begun < 0 {
		add("barrera", finished, t.End)
		return
	}
	add("barrera", finished, t.Commits[begun].Start)
	if t.Draw == nil {
		return
	}
	add("sorteo", t.Commits[begun].Start, t.Draw.At)
	add("ganadores", t.Draw.At, last[protocol.TypeWinners.String()])
}
