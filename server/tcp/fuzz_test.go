package tcp

import (
	"context"
	"encoding/binary"
	"io"
	"iter"
	"net"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/draw"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/embedded"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/store"
)

// FuzzSession gives a session any bytes. It must not panic, must end, and must
// have stored exactly the bets that the model finds in the bytes.
func FuzzSession(f *testing.F) {
	for _, seed := range fuzzSeeds(f) {
		f.Add(seed)
	}
	if err := logging.Setup(io.Discard, "DEBUG"); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		wantBets(t, runSession(t, Options{}, nil, stream), model(stream, 2))
	})
}

// wantBets checks that exactly these bets are stored.
func wantBets(t testing.TB, stored iter.Seq2[*lottery.Bet, error], want []lottery.Bet) {
	t.Helper()
	i := 0
	for got, err := range stored {
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(want) || *got != want[i] {
			t.Fatalf("stored %+v as number %d of %d", *got, i, len(want))
		}
		i++
	}
	if i != len(want) {
		t.Fatalf("%d bets stored, want %d", i, len(want))
	}
}

func fuzzSeeds(f *testing.F) [][]byte {
	all := join(conversation(f, 1))
	bad := batch(3, 2)
	bad.Bets[1].LastName = "\r"
	long := batch(0, 2)
	long.Bets[0].FirstName = strings.Repeat("ñ", 127) + "."
	h := frames(f, hello(1))
	return [][]byte{
		all, all[:len(all)-20], h, {}, []byte("echo me\n"), make([]byte, 100),
		append(all, all...),
		append(h, frames(f, batch(0, 5), batch(3, 4), batch(0, 7), batch(7, 1))...),
		append(h, frames(f, batch(0, 3), bad, batch(3, 1))...),
		append(h, frames(f, batch(0, 5), bad, batch(2, 9))...), // where it is bad, it is stored already
		append(h, frames(f, batch(0, 3), batch(4, 1))...),
		append(h, frames(f, batch(0, 3), &protocol.Finished{Total: 9}, batch(3, 1))...),
		append(h, 0xff, 0xff, 0xff, 0xff, 2), append(h, 0, 0, 0, 0),
		frames(f, hello(2), &protocol.Finished{}, &protocol.Query{}, &protocol.Single{}),
		frames(f, hello(1), long),
		frames(f, hello(3)), frames(f, &protocol.Hello{Version: 9, Agency: 1}, batch(0, 1)),
		frames(f, hello(1), batch(1<<64-1, 2)),
	}
}

// runSession speaks a stream to a server of two agencies, over a pipe, and
// returns what it has stored by the end. over, if set, is what the stream goes
// through.
func runSession(t testing.TB, options Options, over func(net.Conn) net.Conn, stream []byte) iter.Seq2[*lottery.Bet, error] {
	disk := newDisk()
	bets, err := store.Open(t.Context(), "bets.csv", store.Options{Sync: true, FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	d := draw.New(bets, draw.Options{Agencies: 2})
	ours, theirs := net.Pipe()
	server := NewServer(embedded.New(bets, d), options)
	server.admit(context.Background(), ours, 1)
	pipe := theirs
	if over != nil {
		theirs = over(theirs)
	}
	go func() {
		_, _ = theirs.Write(stream)
		// The server sees the end when it has taken all of it. A pipe
		// has no half to close; its answers are read below.
		pipe.Close()
	}()
	_, _ = io.Copy(io.Discard, theirs)
	server.sessions.Wait()
	return loadBets(t, disk, "bets.csv")
}

// model reads a stream as PROTOCOL.md says, with nothing of the server's or the
// protocol package's code, and tells what must be stored of the agencies from 1 to
// most.
func model(stream []byte, most lottery.AgencyID) (stored []lottery.Bet) {
	greeted, finished := lottery.AgencyID(0), false
	for len(stream) >= 5 {
		size := binary.BigEndian.Uint32(stream)
		if size < 1 || size > 7996 || int(size) > len(stream)-4 {
			break
		}
		kind, payload := stream[4], modelRecord(stream[5:4+size])
		stream = stream[4+size:]
		switch {
		case greeted == 0 && kind == 1 && size == 6 && payload[0] == 1:
			greeted = lottery.AgencyID(binary.BigEndian.Uint32(payload[1:]))
			if greeted < 1 || greeted > most {
				return stored
			}
		case greeted > 0 && !finished && (kind == 2 && len(payload) >= 10 || kind == 3 && len(payload) >= 8):
			at, count := lottery.Offset(binary.BigEndian.Uint64(payload)), 1
			payload = payload[8:]
			if kind == 2 {
				count = int(binary.BigEndian.Uint16(payload))
				payload = payload[2:]
			}
			have := lottery.Offset(len(stored))
			var fresh []lottery.Bet
			allValid := true
			for position := at; position < at+lottery.Offset(count); position++ {
				bet, whole, valid := payload.bet()
				if bet.Agency = greeted; !whole {
					return stored
				}
				if position >= have { // at what it has already, the central does not look
					fresh = append(fresh, bet)
					allValid = allValid && valid
				}
			}
			if count == 0 || len(payload) > 0 || at > have || !allValid {
				return stored
			}
			stored = append(stored, fresh...)
		case greeted > 0 && kind == 4 && size == 9:
			finished = true // whether or not the total is right
		default: // after FINISHED, nothing is stored any more
			return stored
		}
	}
	return stored
}

type modelRecord []byte

func (r *modelRecord) text() (s string, whole bool) {
	if len(*r) == 0 || len(*r) < 1+int((*r)[0]) {
		return "", false
	}
	s = string((*r)[1 : 1+int((*r)[0])])
	*r = (*r)[1+len(s):]
	return s, true
}

// bet takes a bet off the record, and tells whether it is there and whether it
// is valid.
func (r *modelRecord) bet() (b lottery.Bet, whole, valid bool) {
	valid = true
	for _, text := range []*string{&b.FirstName, &b.LastName, &b.Document} {
		if *text, whole = r.text(); !whole {
			return b, false, false
		}
		valid = valid && utf8.ValidString(*text) && !strings.ContainsAny(*text, "\r\n\x00")
	}
	if len(*r) < 12 {
		return b, false, false
	}
	raw := *r
	*r = raw[12:]
	b.Birthdate = lottery.Date{Year: binary.BigEndian.Uint16(raw), Month: raw[2], Day: raw[3]}
	b.Number = int64(binary.BigEndian.Uint64(raw[4:]))
	return b, true, valid && b.Birthdate.Valid()
}
