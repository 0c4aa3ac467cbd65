package echo

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
)

// capture returns what is logged from now on, without times, levels and padding.
func capture(t *testing.T, level string) func() []string {
	t.Helper()
	whole := logtest.Capture(t, level)
	return func() []string {
		lines := whole()
		for i, line := range lines {
			_, message, _ := strings.Cut(line, "action: ")
			lines[i] = "action: " + message
		}
		return lines
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("logged\n%s\nwant\n%s", g, w)
	}
}

// Each line is exactly as wanted.
func TestLines(t *testing.T) {
	lines := logtest.Capture(t, "DEBUG")
	hostile := errors.New("x|\ny")
	logReceived("1", "[CLIENT 1] Message N°1")
	logReceived("a|b", "[CLIENT a|b] Message N°1")
	logFinished("a|b")
	logFailed("a|b", hostile)
	logLost("a|b", hostile)
	logConnecting("a|b", hostile)
	logClosed("a|b", true, nil)
	logClosed("a|b", false, nil)
	logClosed("a|b", true, hostile)
	expect(t, lines(),
		"INFO     action: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1",
		`INFO     action: receive_message | result: success | client_id: a\x7Cb | msg: [CLIENT a\x7Cb] Message N°1`,
		`INFO     action: loop_finished | result: success | client_id: a\x7Cb`,
		`ERROR    action: receive_message | result: fail | client_id: a\x7Cb | error: x\x7C\ny`,
		`INFO     action: receive_message | result: in_progress | client_id: a\x7Cb | error: x\x7C\ny`,
		`INFO     action: connect | result: in_progress | client_id: a\x7Cb | error: x\x7C\ny`,
		`INFO     action: close_connection | result: success | client_id: a\x7Cb`,
		`DEBUG    action: close_connection | result: success | client_id: a\x7Cb`,
		`WARNING  action: close_connection | result: fail | client_id: a\x7Cb | error: x\x7C\ny`,
	)
}

func TestClosingShowsAtInfoOnlyWhenStopping(t *testing.T) {
	lines := capture(t, "INFO")
	logClosed("1", false, nil)
	expect(t, lines())
	logClosed("1", true, nil)
	expect(t, lines(), "action: close_connection | result: success | client_id: 1")
}

// answering returns a dial function. serve(n) serves its n-th connection, from 0; nil
// refuses the connection.
func answering(serve func(n int) func(conn net.Conn, line string)) func(context.Context) (net.Conn, error) {
	n := -1
	return func(context.Context) (net.Conn, error) {
		n++
		do := serve(n)
		if do == nil {
			return nil, errors.New("refused")
		}
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			line, err := bufio.NewReader(server).ReadString('\n')
			if err == nil {
				do(server, line)
			}
		}()
		return client, nil
	}
}

func echo(conn net.Conn, line string) { io.WriteString(conn, line) }

func TestRun(t *testing.T) {
	received := func(n string) string {
		return "action: receive_message | result: success | client_id: 7 | msg: [CLIENT 7] Message N°" + n
	}
	const finished = "action: loop_finished | result: success | client_id: 7"
	type server = func(net.Conn, string)
	for _, tt := range []struct {
		name  string
		conns []server // the last serves all that follow
		want  []string
		err   string
	}{
		{"echoes", []server{echo}, []string{received("1"), received("2"), finished}, ""},
		{"byte by byte", []server{func(c net.Conn, line string) {
			for i := range len(line) {
				io.WriteString(c, line[i:i+1])
			}
		}}, []string{received("1"), received("2"), finished}, ""},
		{"still starting", []server{nil, echo}, []string{
			"action: connect | result: in_progress | client_id: 7 | error: refused",
			received("1"), received("2"), finished}, ""},
		{"goes away in the middle", []server{func(c net.Conn, line string) { io.WriteString(c, line[:5]) }, echo}, []string{
			"action: receive_message | result: in_progress | client_id: 7 | error: receive message: unexpected EOF",
			received("1"), received("2"), finished}, ""},
		{"goes away before", []server{echo, func(net.Conn, string) {}, echo}, []string{received("1"),
			"action: receive_message | result: in_progress | client_id: 7 | error: receive message: unexpected EOF",
			received("2"), finished}, ""},
		{"wrong answer", []server{func(c net.Conn, _ string) { io.WriteString(c, "a|b\n") }}, []string{
			`action: receive_message | result: fail | client_id: 7 | error: wrong answer: a\x7Cb\n`}, "wrong answer"},
		{"answer of another message", []server{func(c net.Conn, l string) { io.WriteString(c, strings.Replace(l, "°1", "°2", 1)) }},
			[]string{`action: receive_message | result: fail | client_id: 7 | error: wrong answer: [CLIENT 7] Message N°2\n`}, "wrong answer"},
		{"never up", []server{nil}, nil, "no progress for 1m0s: refused"},
		{"never answers", []server{func(c net.Conn, _ string) { io.Copy(io.Discard, c) }}, nil, "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lines := capture(t, "INFO")
				dial := answering(func(n int) func(net.Conn, string) { return tt.conns[min(n, len(tt.conns)-1)] })
				err := Run(t.Context(), "7", dial, Options{Amount: 2, RetryDeadline: time.Minute})
				got := lines()
				if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
				if tt.want != nil {
					expect(t, got, tt.want...)
					return
				}
				for i, line := range got { // waits for a while, then fails once
					if strings.Contains(line, "result: fail") != (i == len(got)-1) {
						t.Errorf("line %d of %d: %s", i, len(got), line)
					}
				}
			})
		})
	}
}

func TestRunKeepsPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		capture(t, "INFO")
		start := time.Now()
		all := answering(func(int) func(net.Conn, string) { return echo })
		if err := Run(t.Context(), "1", all, Options{Amount: 4, Period: 5 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("4 messages took %v, want 3 pauses of 5s", took)
		}
	})
}

func TestRunOfNothing(t *testing.T) {
	lines := capture(t, "INFO")
	if err := Run(t.Context(), "1", nil, Options{}); err != nil {
		t.Fatal(err)
	}
	expect(t, lines(), "action: loop_finished | result: success | client_id: 1")
}

func TestRunStops(t *testing.T) {
	silent := func(c net.Conn, _ string) { io.Copy(io.Discard, c) }
	for _, tt := range []struct {
		name  string
		serve func(net.Conn, string)
		want  []string
	}{
		{"between messages", echo, []string{"action: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1"}},
		{"while it waits for an answer", silent, []string{"action: close_connection | result: success | client_id: 1"}},
		{"while it connects", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lines := capture(t, "INFO")
				ctx, cancel := context.WithCancel(t.Context())
				start := time.Now()
				time.AfterFunc(time.Second, cancel)
				dial := answering(func(int) func(net.Conn, string) { return tt.serve })
				if err := Run(ctx, "1", dial, Options{Amount: 5, Period: time.Minute, RetryDeadline: time.Minute}); err != nil {
					t.Errorf("stopped with %v", err)
				}
				if took := time.Since(start); took != time.Second {
					t.Errorf("stopped after %v", took)
				}
				if tt.serve != nil {
					expect(t, lines(), tt.want...)
				}
			})
		})
	}
}

func TestRunOverTCP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.Copy(conn, conn) // a foreign echo server: until the client closes
			conn.Close()
		}
	}()
	lines := capture(t, "INFO")
	dial := func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
	}
	if err := Run(t.Context(), "1", dial, Options{Amount: 3}); err != nil {
		t.Fatal(err)
	}
	ln.Close()
	<-done
	if got := lines(); len(got) != 4 {
		t.Errorf("logged %q", got)
	}
}
