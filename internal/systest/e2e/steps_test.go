//go:build linux

package e2e

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/protocol"
)

// The server is killed exactly between two steps of the draw, and started again. There is
// one draw, over all bets, and every agency gets its winners.
//
// Each step but the publish delay begins with a write that has a length of its own in this
// lottery. The kernel kills the server at the write of that length. The journal shows that
// the kill came there. The line of the log is no such step, because the log's Writer writes
// several lines together, and later.
func TestKilledBetweenTheStepsOfTheDraw(t *testing.T) {
	data := map[int][][]string{1: plainRows(1, 50), 2: plainRows(2, 20), 3: plainRows(3, 10)}
	const bets, won = 80, 8
	record := fmt.Sprintf("draw %d %d %d ", len(data), bets, won)
	const checksums = len("01234567 01234567\n")
	frame, err := protocol.AppendWinners(nil, winners(data[3]))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		length   int // of the write that kills the server; 0: the test kills it in the publish delay
		recorded bool
	}{
		{"winners found, draw not recorded", len(record) + checksums, false},
		{"draw logged, results not released", 0, true},
		{"results released, not sent to the third agency", len(frame), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &crashRun{data: data, running: make(map[int]*processtest.Process)}
			if tt.length == 0 {
				s.lottery = newLottery(t, len(data), "SERVER_PUBLISH_DELAY=1h")
				s.server = s.startServer()
			} else {
				s.lottery = newLottery(t, len(data))
				s.server = s.startLimitedServer(killAtWrite, tt.length)
			}
			for id := range data {
				s.running[id] = s.startAgency(id, data[id], 7)
			}
			if tt.length == 0 {
				s.server.Await("action: sorteo")
				s.server.Kill()
			}
			if status := s.server.Wait(); status != -1 {
				t.Errorf("exit status %d, want the end by a signal", status)
			}
			s.count.server++
			s.keepLog(s.server)
			s.checkLeft(tt.recorded, record)

			s.server = s.startServer()
			for id, p := range s.running {
				checkAgency(t, p, winners(data[id]))
			}
			s.server.Stop(syscall.SIGTERM)
			s.keepLog(s.server)
			s.check(true)
			if recovered := s.count.recovered == 1; recovered != tt.recorded {
				t.Errorf("the draw was recovered: %t, it was recorded: %t", recovered, tt.recorded)
			}
		})
	}
}

// checkLeft checks the journal and the log of a server that was killed during its draw. The
// journal has all notifications, and then the draw if it was recorded. The log has no line
// of a draw that was not recorded.
func (s *crashRun) checkLeft(recorded bool, record string) {
	s.t.Helper()
	journal, err := os.ReadFile(s.storage() + ".journal")
	if err != nil {
		s.t.Fatal(err)
	}
	if n := strings.Count(string(journal), "finished "); n != len(s.data) || strings.Contains(string(journal), "\n"+record) != recorded {
		s.t.Errorf("the journal holds %q; the draw is to be recorded: %t", journal, recorded)
	}
	if n := len(logtest.Select(s.logs[0], "sorteo", "success")); n > 1 || n == 1 && !recorded {
		s.t.Errorf("sorteo is logged %d times; the draw is to be recorded: %t", n, recorded)
	}
}
