package timeline

import (
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// Time is in nanoseconds. In a Recorder it counts from its start, in a Timeline
// from the first connection.
type Time int64

// Timeline is what happened in a run, as the central saw it.
type Timeline struct {
	Agencies    int // their ids are 1 to Agencies
	End         Time
	Connections []Connection // in the order in which they came
	Frames      []Frame      // in the order of their times
	Operations  []Operation  `json:"-"` // the same
	Failures    []Operation  // of them those that failed, and the cuts
	Commits     []Commit     // the same
	Draw        *Draw        // nil if it was not held
	Phases      []Phase
}

// Connection is a connection of an agency.
type Connection struct {
	Agency lottery.AgencyID
	Opened Time // the central accepted it
	Closed Time // the central closed it
}

// Frame is a frame that an agency or the central sent.
type Frame struct {
	At         Time // the central had read all of it, or began to write it
	Agency     lottery.AgencyID
	Connection int // number from 1
	Type       string
	Sent       bool           `json:",omitempty"` // by the central
	Bytes      int            // of the whole frame
	Offset     lottery.Offset `json:",omitempty"` // BATCH, BET, ERROR
	Count      int            `json:",omitempty"` // of bets, or of a WINNERS's documents
	Stored     lottery.Offset `json:",omitempty"` // WELCOME, ACK; FINISHED: the total
	Status     string         `json:",omitempty"` // ERROR
	Text       string         `json:",omitempty"` // ERROR
	// Commit is the number, from 1, of the commit that made durable the last
	// bet of a BATCH, the last bet that an ACK acknowledges, or what a FINISHED
	// or a REGISTERED speaks of. 0: none.
	Commit int `json:",omitempty"`
}

// carriesBets returns whether the frame carries bets.
func (f *Frame) carriesBets() bool {
	return f.Type == protocol.TypeBatch.String() || f.Type == protocol.TypeBet.String()
}

// Kind is what was done to a file.
type Kind string

// The kinds, with the names of their system calls.
const (
	Write    Kind = "write"
	Sync     Kind = "fsync"
	Truncate Kind = "truncate"
)

// Operation is one operation on a file.
type Operation struct {
	File       string
	Kind       Kind
	Start, End Time
	Bytes      int64  `json:",omitempty"` // written; Truncate: the size
	Failed     bool   `json:",omitempty"`
	Rows       []Rows `json:",omitempty"` // written to bets.csv
	Record     string `json:",omitempty"` // written to the journal
}

// Rows is how many bets of an agency one write holds.
type Rows struct {
	Agency lottery.AgencyID
	Bets   lottery.Offset
	Stored lottery.Offset // of the agency, after the write
}

// Commit is a write and the fsync that made it durable.
type Commit struct {
	File           string
	Start, Written Time
	Durable        Time // 0: never
	Bytes          int64
	Bets           lottery.Offset `json:",omitempty"`
	Batches        int            `json:",omitempty"` // whose last bet it holds
	Rows           []Rows         `json:",omitempty"`
	Record         string         `json:",omitempty"`
}

// Draw is the moment of the draw's log line.
type Draw struct {
	At      Time
	Bets    int64
	Winners int
}

// Phase is a part of the run. The upload and the barrier overlap.
type Phase struct {
	Name       string // subida, barrera, sorteo, ganadores
	Start, End Time
}
