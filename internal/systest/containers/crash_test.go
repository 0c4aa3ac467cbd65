package containers

import "testing"

// TestKilled kills a container in the middle of an upload, and starts it again:
// every bet is stored once, and every agency gets the winners of one draw.
func TestKilled(t *testing.T) {
	for _, container := range []string{"server", "client1"} {
		t.Run(container, func(t *testing.T) {
			uploads := []upload{{400, 3}, {400, 0}}
			s := start(t, len(uploads), "agencias")
			s.clientConfig(5, "50ms", "INFO", 10)
			s.serverConfig(5, "DEBUG")
			for i, u := range uploads {
				s.agencyFile(i+1, u)
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
			s.run("docker", "kill", container)
			if bets := s.received(); bets >= 800 {
				t.Fatalf("all %d bets were there before the kill", bets)
			}
			s.run("docker", "start", container)
			s.wait(clients(len(uploads))...)
			s.checkAfterCrash(uploads)
		})
	}
}

// received returns how many bets the server has stored, according to its log.
func (s system) received() int {
	s.Helper()
	bets := 0
	for _, e := range s.log("server") {
		if e.Action == "apuesta_recibida" && e.Result == "success" {
			bets += e.number(s, "cantidad")
		}
	}
	return bets
}

func (s system) checkAfterCrash(uploads []upload) {
	s.Helper()
	s.checkStored(len(uploads))
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
	for i, name := range clients(len(uploads)) {
		told := -1
		for _, e := range s.log(name) {
			if e.Result == "fail" { // waiting for a server is in_progress
				s.Errorf("%s: %s failed: %v", name, e.Action, e.Keys)
			}
			if e.Action == "consulta_ganadores" && e.Result == "success" {
				told = e.number(s, "cant_ganadores")
			}
		}
		if told != uploads[i].winners {
			s.Errorf("%s was told %d winners, want %d", name, told, uploads[i].winners)
		}
	}
}
