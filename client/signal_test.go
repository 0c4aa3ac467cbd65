package main

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// central is a scripted central for one connection.
type central struct {
	net.Listener
	reached chan struct{} // closed when the script has returned
}

// script speaks with an agency and returns when the agency is in the phase that the
// test wants. After that the connection stays open, and frames are read and dropped.
type script func(conn net.Conn, frames *protocol.Reader)

func listen(t testing.TB, speak script) *central {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &central{Listener: listener, reached: make(chan struct{})}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		frames := protocol.NewReader(conn)
		speak(conn, frames)
		close(c.reached)
		for err == nil {
			_, _, err = frames.Next()
		}
	}()
	return c
}

func (c *central) env() string { return "CLI_SERVER_ADDRESS=" + c.Addr().String() }

// await waits until the script has returned.
func (c *central) await(t testing.TB) {
	t.Helper()
	select {
	case <-c.reached:
	case <-time.After(30 * time.Second):
		t.Fatal("the client does not get there")
	}
}

// answer reads frames up to the first of a kind, and answers that one.
func answer(conn net.Conn, frames *protocol.Reader, kind protocol.Type, with ...protocol.Message) {
	for {
		got, _, err := frames.Next()
		if err != nil {
			return
		}
		if got == kind {
			break
		}
	}
	for _, m := range with {
		frame, err := protocol.AppendFrame(nil, m)
		if err == nil {
			_, _ = conn.Write(frame)
		}
	}
}

func silent(conn net.Conn, frames *protocol.Reader) { answer(conn, frames, protocol.TypeHello) }

func greets(conn net.Conn, frames *protocol.Reader) {
	answer(conn, frames, protocol.TypeHello, &protocol.Welcome{})
}

func uploading(conn net.Conn, frames *protocol.Reader) {
	greets(conn, frames)
	answer(conn, frames, protocol.TypeBatch)
}

func waiting(conn net.Conn, frames *protocol.Reader) {
	greets(conn, frames)
	answer(conn, frames, protocol.TypeQuery, &protocol.Ack{Stored: dataRows}, &protocol.Registered{})
}

func answers(conn net.Conn, frames *protocol.Reader) {
	greets(conn, frames)
	answer(conn, frames, protocol.TypeQuery, &protocol.Ack{Stored: dataRows}, &protocol.Registered{}, &protocol.Winners{Documents: []string{"1"}})
}

func echoes(conn net.Conn, _ *protocol.Reader) {
	line, _ := bufio.NewReader(conn).ReadString('\n')
	_, _ = conn.Write([]byte(line))
}

func listens(conn net.Conn, _ *protocol.Reader) {
	_, _ = bufio.NewReader(conn).ReadString('\n')
}

var bet = []string{"NOMBRE=Ana", "APELLIDO=Paz", "DOCUMENTO=030904465", "NACIMIENTO=1999-03-17", "NUMERO=7574"}

func stores(conn net.Conn, frames *protocol.Reader) {
	greets(conn, frames)
	answer(conn, frames, protocol.TypeBet, &protocol.Ack{Stored: 1})
}

// phase is a phase of a client, in which a signal stops it.
type phase struct {
	name   string
	speak  script // nil: nobody listens
	env    []string
	await  string   // a line of the log that comes with the phase
	closed []string // what the client has closed at its end
}

var phases = []phase{
	{"connecting", nil, nil, "action: connect | result: in_progress", nil},
	{"greeting", silent, nil, "action: config", []string{"connection"}},
	{"uploading", uploading, []string{"CLI_BATCH_MAXAMOUNT=1"}, "action: config", []string{"connection", "file"}},
	{"between batches", uploading, []string{"CLI_BATCH_MAXAMOUNT=1", "CLI_LOOP_PERIOD=1h"}, "action: lote_enviado", []string{"connection", "file"}},
	{"waiting for the draw", waiting, nil, "action: notificacion_enviada", []string{"connection", "file"}},
	{"lingering", answers, []string{"CLI_LINGER=1h"}, "action: consulta_ganadores | result: success | cant_ganadores: 1", []string{"connection", "file"}},
	{"bet", greets, bet, "action: config", []string{"connection"}},
	{"bet, connecting", nil, bet, "action: connect | result: in_progress", nil},
	{"bet, lingering", stores, append([]string{"CLI_LINGER=1h"}, bet...), "action: close_connection | result: success", []string{"connection"}},
	{"echo, connecting", nil, []string{"CLI_MODE=echo"}, "action: connect | result: in_progress", nil},
	{"echo, waiting", listens, []string{"CLI_MODE=echo"}, "action: config", []string{"connection"}},
	{"echo, between messages", echoes, []string{"CLI_MODE=echo", "CLI_LOOP_PERIOD=1h"}, "action: receive_message | result: success", []string{"connection"}},
}

// reach starts a client and returns when the client is in the phase.
func (p phase) reach(t testing.TB) *processtest.Process {
	t.Helper()
	env := append([]string{"CLI_SERVER_ADDRESS=127.0.0.1:1"}, p.env...)
	reached := make(chan struct{})
	if p.speak == nil {
		close(reached)
	} else {
		c := listen(t, p.speak)
		env, reached = append(env, c.env()), c.reached
	}
	cmd := program(t, env)
	writeData(t, cmd.Dir)
	client := processtest.Start(t, cmd)
	client.Await(p.await)
	<-reached
	return client
}

// In every phase of every mode a signal stops the client. It closes what is open, logs
// that, and exits with status 0.
func TestStops(t *testing.T) {
	for _, ph := range phases {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(ph.name+", "+signal.String(), func(t *testing.T) {
				p := ph.reach(t)
				if took := p.Stop(signal); took > processtest.StopLimit {
					t.Errorf("stopped after %v", took)
				}
				lines := logtest.ParseLines(t, p.Lines())
				for _, what := range ph.closed {
					if len(logtest.Select(lines, "close_"+what, "success")) == 0 {
						t.Errorf("does not say that the %s is closed", what)
					}
				}
				last := lines[len(lines)-1]
				if last.Action != "shutdown" || !strings.Contains(last.Keys["reason"], signal.String()) {
					t.Errorf("ends with %+v", last)
				}
				for _, line := range lines {
					if line.Result == "fail" {
						t.Errorf("says that something failed: %+v", line)
					}
				}
			})
		}
	}
}

// BenchmarkStop measures, in each phase, the time from the signal to the end of the
// process. It leaves out the time of an operation, which includes the start of the
// client. Without that time the benchmark would choose a b.N that takes minutes.
func BenchmarkStop(b *testing.B) {
	for _, ph := range phases {
		b.Run(ph.name, func(b *testing.B) {
			var worst, sum time.Duration
			for b.Loop() {
				took := ph.reach(b).Stop(syscall.SIGTERM)
				worst = max(worst, took)
				sum += took
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(milliseconds(sum)/float64(b.N), "ms-mean")
			b.ReportMetric(milliseconds(worst), "ms-worst")
		})
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// dataRows is how many bets the data file has: more than the send window holds, if each
// is a batch.
const dataRows = 200

func writeData(t testing.TB, dir string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(dir, ".data"), 0o755); err != nil {
		t.Fatal(err)
	}
	rows := strings.Repeat("a,b,1,1999-02-28,7574\n", dataRows)
	if err := os.WriteFile(filepath.Join(dir, ".data", "agency-1.csv"), []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	processtest.CheckSecondSignal(t, program(t, []string{"CLI_SERVER_ADDRESS=127.0.0.1:1", "CLI_RETRY_DEADLINE=1h", "CLI_LOG_LEVEL=INFO"}))
}
