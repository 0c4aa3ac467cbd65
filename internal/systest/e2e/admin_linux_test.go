package e2e

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// While the last write has failed, the server is not ready, but it lives. It is ready
// again after a write that succeeds.
func TestNotReadyOnAFullDisk(t *testing.T) {
	data := map[int][][]string{1: plainRows(1, 3000)}
	l := newLottery(t, 1)
	url := l.withAdmin()
	server := l.startLimitedServer(fileSize, 30_000)
	awaitPage(t, url+"/readyz", 200, "storage: ok")
	agency := l.startAgency(1, data[1], 7)
	server.Await("action: apuesta_recibida | result: fail")
	awaitPage(t, url+"/readyz", 503, "storage: fail: nothing was stored: append to ./bets.csv: ")
	awaitPage(t, url+"/metrics", 200, "\nlottery_storage_failing 1\n")
	awaitPage(t, url+"/state.json", 200, `"state":"storage_failing"`)
	awaitPage(t, url+"/livez", 200, "process: ok")
	room := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(server.Pid(), unix.RLIMIT_FSIZE, &room, nil); err != nil {
		t.Fatal(err)
	}
	checkAgency(t, agency, winners(data[1]))
	awaitPage(t, url+"/readyz", 200, "storage: ok")
	server.Stop(syscall.SIGTERM)
	l.checkStored(data)
}
