package system

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestLineReader(t *testing.T) {
	var got []string
	l := lineReader{onLine: func(line []byte) { got = append(got, string(line)) }}
	for _, piece := range []string{"a\nbc", "d", "\n\nlast", " one"} {
		l.Write([]byte(piece))
	}
	l.finish()
	if want := "a|bcd||last one"; strings.Join(got, "|") != want {
		t.Errorf("lines %q, want %q", got, want)
	}
	if strings.Join(l.last(), "|") != "a|bcd||last one" {
		t.Errorf("remembered %q", l.last())
	}
	for i := range 100 {
		fmt.Fprintf(&l, "%d\n", i)
	}
	if tail := l.last(); len(tail) != tailLines || tail[0] != "92" || tail[tailLines-1] != "99" {
		t.Errorf("remembered %q", tail)
	}
}

func TestLineReaderIsBounded(t *testing.T) {
	var l lineReader
	for range 100 {
		l.Write(make([]byte, 32<<10))
	}
	if len(l.partial) > 2*maxLine {
		t.Errorf("kept %d bytes of one line", len(l.partial))
	}
}

// TestPeakMemory starts a small program from a process that has become large.
func TestPeakMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells it")
	}
	const large = 64 << 20
	memory := bytes.Repeat([]byte{1}, large)
	p, err := Start("sleep", "sleep", []string{"0.2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.WatchMemory()
	<-p.Done()
	runtime.KeepAlive(memory)
	if peak := p.PeakMemory(); peak <= 0 || peak > large/2 {
		t.Errorf("sleep took %d bytes", peak)
	}
}

func TestLines(t *testing.T) {
	line := []byte("2024-08-21 22:11:15 INFO     action: apuesta_recibida | result: success | cantidad: 88 | agencia: 12")
	if agency, bets, ok := Received(line); agency != 12 || bets != 88 || !ok {
		t.Errorf("read %d %d %v", agency, bets, ok)
	}
	if _, _, ok := Received([]byte("action: apuesta_recibida | result: fail | cantidad: 88 | agencia: 1")); ok {
		t.Error("took a failure for a success")
	}
	line = []byte("2024-08-21 22:11:15 INFO     action: consulta_ganadores | result: success | cant_ganadores: 3")
	if winners, ok := Winners(line); winners != 3 || !ok {
		t.Errorf("read %d %v", winners, ok)
	}
	if _, ok := Winners([]byte("action: consulta_ganadores | result: in_progress")); ok {
		t.Error("took waiting for an answer")
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("CLI_ID", "9")
	t.Setenv("SERVER_PORT", "9")
	t.Setenv("NOMBRE", "Ana")
	t.Setenv("KEPT", "yes")
	env := strings.Join(environment("CLI_ID=1"), "\n") + "\n"
	if strings.Contains(env, "=9\n") || strings.Contains(env, "NOMBRE=") ||
		!strings.Contains(env, "KEPT=yes\n") || !strings.Contains(env, "CLI_ID=1\n") {
		t.Errorf("environment:\n%s", env)
	}
	if os.Getenv("PATH") != "" && !strings.Contains(env, "PATH=") {
		t.Error("PATH was lost")
	}
}
