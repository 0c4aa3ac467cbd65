package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

// Nobody reads the log. The client goes on until it has to wait for the central, and a
// signal stops it.
func TestStalledOutput(t *testing.T) {
	for _, ph := range phases {
		if ph.speak == nil {
			continue
		}
		t.Run(ph.name, func(t *testing.T) {
			c := listen(t, ph.speak)
			cmd := program(t, append(ph.env, c.env()))
			cmd.Stdout, _ = processtest.FullPipe(t)
			writeData(t, cmd.Dir)
			p := processtest.Start(t, cmd)
			c.await(t)
			if took := p.Stop(syscall.SIGTERM); took > processtest.StopLimit {
				t.Errorf("stopped after %v", took)
			}
		})
	}
}

// The client goes on after the reader of its log has exited.
func TestClosedOutput(t *testing.T) {
	cmd := program(t, []string{listen(t, answers).env()})
	cmd.Stdout = processtest.ClosedPipe(t)
	writeData(t, cmd.Dir)
	p := processtest.Start(t, cmd)
	if status := p.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}

// Before it exits, the client waits for a reader that reads its log late.
func TestLateReader(t *testing.T) {
	cmd := program(t, []string{"CLI_MODE=echo", "CLI_LOOP_AMOUNT=20", "CLI_SERVER_ADDRESS=" + echoServer(t).Addr().String()})
	var read *os.File
	cmd.Stdout, read = processtest.FullPipe(t)
	p := processtest.Start(t, cmd)
	select {
	case <-p.Done():
		t.Fatal("does not wait")
	case <-time.After(time.Second):
	}
	if err := read.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	lines, n := bufio.NewScanner(read), 0
	for lines.Scan() && !strings.Contains(lines.Text(), "action: loop_finished | result: success") {
		if strings.Contains(lines.Text(), "action: receive_message | result: success") {
			n++
			if want := fmt.Sprintf("Message N°%d", n); !strings.HasSuffix(lines.Text(), want) {
				t.Errorf("got %q, want %s", lines.Text(), want)
			}
		}
	}
	if n != 20 || lines.Err() != nil {
		t.Errorf("the log shows %d echoes, %v", n, lines.Err())
	}
	if status := p.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
