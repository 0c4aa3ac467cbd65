package containers

import (
	"testing"
	"time"
)

// TestKilled kills a container during the uploads, and starts it again. Every bet is
// stored once, and every agency gets its winners from one draw.
func TestKilled(t *testing.T) {
	needContainers(t)
	for _, container := range []string{"server", "client1"} {
		t.Run(container, func(t *testing.T) {
			testCrash(t, func(s system) {
				s.run("docker", "kill", container)
				if bets := s.received(); bets >= 800 {
					t.Fatalf("all %d bets were stored before the kill", bets)
				}
				s.run("docker", "start", container)
			})
		})
	}
}

// TestServerStartsAgain crashes the server during the uploads: the engine starts it
// again. Another container sends the SIGQUIT, because the engine does not restart a
// container after docker kill.
func TestServerStartsAgain(t *testing.T) {
	testCrash(t, func(s system) {
		s.run("docker", "run", "--rm", "--pid", "container:server", "busybox:latest", "kill", "-QUIT", "1")
		s.await("server", "{{.RestartCount}}", "1")
	})
}

// TestServerStaysStopped stops a server: the engine does not start it again.
func TestServerStaysStopped(t *testing.T) {
	s := start(t, 0, "agencias")
	for _, stop := range []string{"stop", "kill"} {
		s.up()
		s.await("server", "{{.State.Status}}", "running")
		s.run("docker", stop, "server")
		time.Sleep(time.Second) // the engine would restart it after 100 ms
		s.await("server", "{{.State.Status}} {{.RestartCount}}", "exited 0")
	}
}

// testCrash calls crash during the uploads, and checks the lottery at its end.
func testCrash(t *testing.T, crash func(system)) {
	files := []dataFile{{400, 3}, {400, 0}}
	s := start(t, len(files), "agencias")
	s.clientConfig(5, "50ms", "INFO", 10)
	s.serverConfig(5, "DEBUG")
	for i, f := range files {
		s.writeDataFile(i+1, f)
	}
	s.up()
	received := 0
	for e := range s.follow() {
		if e.exited || e.Result == "fail" {
			t.Fatalf("%+v", e)
		}
		if e.Action == "apuesta_recibida" {
			received++
		}
		if received == 10 {
			break
		}
	}
	crash(s)
	s.wait(clients(len(files))...)
	s.checkAfterCrash(files)
}

// await waits until docker inspect prints what is wanted.
func (s system) await(container, format, want string) {
	s.Helper()
	got := ""
	for begin := time.Now(); time.Since(begin) < waitLimit; time.Sleep(50 * time.Millisecond) {
		if got = s.run("docker", "inspect", "-f", format, container); got == want {
			return
		}
	}
	s.Fatalf("%s of %s is %q, want %q", format, container, got, want)
}

// received returns how many bets the server has stored, according to its log.
func (s system) received() int { s.Helper(); return s.receivedBy("server") }

func (s system) checkAfterCrash(files []dataFile) {
	s.Helper()
	s.checkStored(len(files))
	draws := 0
	for _, e := range s.log("server") {
		switch e.Action {
		case "sorteo":
			draws++
		case "apuesta_recibida":
			if draws > 0 {
				s.Error("a bet after the draw")
			}
		}
	}
	if draws != 1 {
		s.Errorf("%d draws", draws)
	}
	s.checkClients(files)
}

// checkClients checks that no agency has failed, and that each knows its winners.
func (s system) checkClients(files []dataFile) {
	s.Helper()
	for i, name := range clients(len(files)) {
		got := -1
		for _, e := range s.log(name) {
			if e.Result == "fail" { // waiting for a server is in_progress
				s.Errorf("%s: %s failed: %v", name, e.Action, e.Keys)
			}
			if e.Action == "consulta_ganadores" && e.Result == "success" {
				got = e.number(s, "cant_ganadores")
			}
		}
		if got != files[i].winners {
			s.Errorf("%s got %d winners, want %d", name, got, files[i].winners)
		}
	}
}
