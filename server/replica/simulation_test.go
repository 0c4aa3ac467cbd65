package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/betcsv"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/lottery"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/server/central"
)

// simulation is a lottery of several centrals over a log in memory that fails now and
// then, in simulated time. Centrals are killed and started again.
type simulation struct {
	t        *testing.T
	random   *rand.Rand // under mu
	log      *memoryLog
	agencies int
	bets     lottery.Offset // of each agency

	mu       sync.Mutex
	order    uint64
	centrals []*process
	drawn    map[DrawnBy]int
}

// process is a central that runs.
type process struct {
	*Central
	kill    context.CancelFunc
	stopped chan struct{}
}

// boot starts a central in the place of the i-th.
func (m *simulation) boot(i int) {
	ctx, kill := context.WithCancel(context.Background())
	c := New(m.log, Options{Agencies: m.agencies, PublishDelay: time.Second, Announce: func(how DrawnBy, bets uint64, _ int) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.drawn[how]++
		if bets != uint64(m.agencies)*uint64(m.bets) {
			m.t.Errorf("drawn among %d bets", bets)
		}
	}})
	p := &process{c, kill, make(chan struct{})}
	go func() {
		defer close(p.stopped)
		if err := c.Run(ctx); err != nil {
			m.t.Errorf("central %d: %v", i, err)
		}
	}()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.centrals[i] = p
}

// pick gives some central, and the number of a new connection to it.
func (m *simulation) pick() (*process, uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.order++
	return m.centrals[m.random.IntN(len(m.centrals))], m.order
}

func (m *simulation) intn(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.random.IntN(n)
}

func bet(id lottery.AgencyID, n lottery.Offset) lottery.Bet {
	number := int64(n)
	if n%10 == 3 {
		number = lottery.WinningNumber
	}
	return lottery.Bet{Agency: id, FirstName: "Ana", LastName: `O"Hara, la`, Document: fmt.Sprint(n), Number: number,
		Birthdate: lottery.Date{Year: 1999, Month: 2, Day: 28}}
}

func batch(id lottery.AgencyID, at, end lottery.Offset) (bets []lottery.Bet) {
	for n := at; n < end; n++ {
		bets = append(bets, bet(id, n))
	}
	return bets
}

func records(id lottery.AgencyID, at, end lottery.Offset) (records []byte) {
	for n := at; n < end; n++ {
		b := bet(id, n)
		records, _ = protocol.AppendRecord(records, &b) // its texts are short
	}
	return records
}

// agency uploads its bets over as many connections as that takes, and returns its
// winners.
func (m *simulation) agency(id lottery.AgencyID) []string {
	var acknowledged lottery.Offset
	for {
		p, order := m.pick()
		winners, err := m.connection(p, id, order, &acknowledged)
		if err == nil {
			return winners
		}
		if errors.Is(err, central.ErrTotal) || errors.Is(err, central.ErrGap) || errors.Is(err, lottery.ErrInvalidBet) {
			m.t.Errorf("agency %d: %v", id, err)
			return nil
		}
		time.Sleep(time.Duration(1+m.intn(1000)) * time.Millisecond)
	}
}

func (m *simulation) connection(p *process, id lottery.AgencyID, order uint64, acknowledged *lottery.Offset) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	session, err := p.Claim(ctx, id, order, func() {})
	if err != nil {
		return nil, err
	}
	var commits []central.Commit
	defer func() {
		for _, c := range commits {
			_ = c.Wait()
		}
		session.Release()
	}()
	state := session.State()
	if state.Stored < *acknowledged {
		m.t.Errorf("agency %d: %d are stored, %d were acknowledged", id, state.Stored, *acknowledged)
	}
	for at := state.Stored; at < m.bets && !state.Finished; {
		end := min(m.bets, at+1+lottery.Offset(m.intn(40)))
		commit, err := session.StoreBets(at, batch(id, at, end), records(id, at, end))
		if err != nil {
			return nil, err
		}
		commits = append(commits, commit)
		at = end
		if len(commits) > 8 {
			if err := commits[0].Wait(); err != nil {
				return nil, err
			}
			*acknowledged = commits[0].End()
			commits = commits[1:]
		}
		time.Sleep(time.Duration(m.intn(100)) * time.Millisecond)
	}
	for _, c := range commits {
		if err := c.Wait(); err != nil {
			return nil, err
		}
		*acknowledged = c.End()
	}
	if err := session.Finish(m.bets, func(int) {}); err != nil {
		return nil, err
	}
	return session.Winners(context.Background())
}

// disturb kills a central, or makes the log silent for a while.
func (m *simulation) disturb(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(m.intn(20_000)) * time.Millisecond):
		}
		if m.intn(3) == 0 {
			m.log.set(func() { m.log.silent = true })
			time.Sleep(time.Duration(m.intn(20_000)) * time.Millisecond)
			m.log.set(func() { m.log.silent = false })
			continue
		}
		i := m.intn(len(m.centrals))
		p := m.centrals[i]
		p.kill()
		<-p.stopped
		m.boot(i)
	}
}

// check compares what the log holds with the agencies' bets, and what each agency was
// told with its winners.
func (m *simulation) check(winners [][]string) {
	entries, err := m.log.all()
	if err != nil {
		m.t.Fatal(err)
	}
	fold, rows := NewFold(), make(map[lottery.AgencyID][]byte)
	for i, entry := range entries {
		before := make(map[lottery.AgencyID]lottery.Offset)
		bets, _ := entry.(*Bets)
		if bets != nil {
			if err := bets.Check(bets.Body); err != nil {
				m.t.Fatal(err)
			}
			for _, s := range bets.Segments {
				before[s.Agency] = fold.Agency(s.Agency).Bets
			}
		}
		if err := fold.Apply(uint64(i+1), entry); err != nil {
			m.t.Fatal(err)
		}
		if bets == nil {
			continue
		}
		at := 0
		for _, s := range bets.Segments {
			if fold.Agency(s.Agency).Bets > before[s.Agency] {
				rows[s.Agency] = append(rows[s.Agency], bets.Body[at:at+s.Length]...)
			}
			at += s.Length
		}
	}
	for id := lottery.AgencyID(1); int(id) <= m.agencies; id++ {
		var want []byte
		var won []string
		for n := range m.bets {
			b := bet(id, n)
			want = betcsv.AppendRow(want, &b)
			if lottery.HasWon(&b) {
				won = append(won, b.Document)
			}
		}
		if !bytes.Equal(rows[id], want) {
			m.t.Errorf("agency %d: the log holds %d bytes of rows, want %d", id, len(rows[id]), len(want))
		}
		if !slices.Equal(winners[id-1], won) {
			m.t.Errorf("agency %d was told the winners %q, want %q", id, winners[id-1], won)
		}
	}
	if m.drawn[ThisCentral] > 1 {
		m.t.Errorf("%d centrals say that they have drawn", m.drawn[ThisCentral])
	}
}

// Whatever happens to the log and to the centrals: what is acknowledged is stored,
// each bet once and in order, and every agency gets its winners.
func TestSimulation(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &simulation{t: t, random: rand.New(rand.NewPCG(seed, 2)), agencies: 4, bets: 1500, drawn: make(map[DrawnBy]int),
					log: newMemoryLog(unreliable(rand.New(rand.NewPCG(seed, 3)))), centrals: make([]*process, 3)}
				for i := range m.centrals {
					m.boot(i)
				}
				done, disturbed := make(chan struct{}), make(chan struct{})
				go func() {
					defer close(disturbed)
					m.disturb(done)
				}()
				winners := make([][]string, m.agencies)
				var uploads sync.WaitGroup
				for i := range winners {
					uploads.Go(func() { winners[i] = m.agency(lottery.AgencyID(i + 1)) })
				}
				uploads.Wait()
				close(done)
				<-disturbed
				for _, p := range m.centrals {
					p.kill()
					<-p.stopped
				}
				time.Sleep(time.Minute) // what is on its way to the log arrives
				m.check(winners)
				t.Logf("%d entries", len(m.log.headers))
			})
		})
	}
}
