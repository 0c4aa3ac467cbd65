package replica

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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

	connections sync.WaitGroup

	mu           sync.Mutex
	number       uint64
	centrals     []*process
	drawn        map[DrawnBy]int
	acknowledged map[lottery.AgencyID]lottery.Offset
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
	m.number++
	return m.centrals[m.random.IntN(len(m.centrals))], m.number
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
// winners. It abandons some connections, which go on: so the agency has several at once.
func (m *simulation) agency(id lottery.AgencyID) []string {
	type outcome struct {
		winners []string
		err     error
	}
	for {
		done := make(chan outcome, 1)
		p, number := m.pick()
		m.connections.Go(func() {
			winners, err := m.connection(p, id, number)
			done <- outcome{winners, err}
		})
		var abandon <-chan time.Time
		if m.intn(2) == 0 {
			abandon = time.After(time.Duration(m.intn(5000)) * time.Millisecond)
		}
		select {
		case o := <-done:
			if o.err == nil {
				return o.winners
			}
		case <-abandon:
		}
		time.Sleep(time.Duration(1+m.intn(1000)) * time.Millisecond)
	}
}

// connection uploads what is not stored yet, and waits for the winners, unless it is
// superseded.
func (m *simulation) connection(p *process, id lottery.AgencyID, number uint64) ([]string, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	before := m.acknowledge(id, 0)
	session, err := p.Claim(ctx, id, number, func() { cancel(central.ErrSuperseded) })
	if err != nil {
		return nil, err
	}
	defer session.Release()
	state := session.State()
	if state.Stored < before {
		m.t.Errorf("agency %d: %d are stored, %d were acknowledged", id, state.Stored, before)
	}
	if err := m.upload(ctx, session, id, state); err != nil {
		return nil, err
	}
	if err := session.Finish(m.bets, func(int) {}); err != nil {
		if errors.Is(err, central.ErrTotal) {
			m.t.Errorf("agency %d: %v", id, err)
		}
		return nil, err
	}
	return session.Winners(ctx)
}

// upload sends the bets from the state on. It returns after the last answer.
func (m *simulation) upload(ctx context.Context, session central.Session, id lottery.AgencyID, state central.State) (err error) {
	var commits []central.Commit
	wait := func(n int) {
		for ; len(commits) > n; commits = commits[1:] {
			if failure := commits[0].Wait(); failure == nil {
				m.acknowledge(id, commits[0].End())
			} else if err == nil {
				err = failure
			}
		}
	}
	for at := state.Stored; at < m.bets && !state.Finished && err == nil; {
		end := min(m.bets, at+1+lottery.Offset(m.intn(40)))
		commit, failure := session.StoreBets(at, batch(id, at, end), records(id, at, end))
		if failure != nil {
			err = failure
			break
		}
		at = end
		commits = append(commits, commit)
		wait(8)
		time.Sleep(time.Duration(m.intn(100)) * time.Millisecond)
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}
	wait(0)
	if errors.Is(err, central.ErrGap) || errors.Is(err, lottery.ErrInvalidBet) {
		m.t.Errorf("agency %d: %v", id, err)
	}
	return err
}

// acknowledge notes that so many bets of an agency were acknowledged, and returns the
// most that were.
func (m *simulation) acknowledge(id lottery.AgencyID, stored lottery.Offset) lottery.Offset {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.acknowledged[id] = max(m.acknowledged[id], stored)
	return m.acknowledged[id]
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
	stored := make(map[lottery.AgencyID][]lottery.Bet)
	if _, err := Export(inOrder(entries), uint64(len(entries)), func(id lottery.AgencyID, _ lottery.Offset, counted []lottery.Bet) error {
		stored[id] = append(stored[id], counted...)
		return nil
	}); err != nil {
		m.t.Fatal(err)
	}
	for id := lottery.AgencyID(1); int(id) <= m.agencies; id++ {
		var want []lottery.Bet
		var won []string
		for n := range m.bets {
			b := bet(id, n)
			want = append(want, b)
			if lottery.HasWon(&b) {
				won = append(won, b.Document)
			}
		}
		if !slices.Equal(stored[id], want) {
			m.t.Errorf("agency %d: the log holds %d bets, which are not its %d", id, len(stored[id]), len(want))
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
				m := &simulation{t: t, random: rand.New(rand.NewPCG(seed, 2)), agencies: 4, bets: 1500,
					drawn: make(map[DrawnBy]int), acknowledged: make(map[lottery.AgencyID]lottery.Offset),
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
				m.connections.Wait()
				time.Sleep(time.Minute) // what is on its way to the log arrives
				m.check(winners)
				t.Logf("%d entries", len(m.log.headers))
			})
		})
	}
}
