package e2e

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"testing"

	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/logging/logtest"
	"github.com/7574-sistemas-distribuidos/docker-compose-init/internal/process/processtest"
)

const official = "../../../../shared/data/dataset.zip"

// officialData reads the course's five files.
func officialData(t *testing.T) map[int][][]string {
	t.Helper()
	archive, err := zip.OpenReader(official)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the official data is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	data := make(map[int][][]string)
	for id := 1; id <= 5; id++ {
		file, err := archive.Open(fmt.Sprintf("agency-%d.csv", id))
		if err != nil {
			t.Fatal(err)
		}
		if data[id], err = csv.NewReader(file).ReadAll(); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	return data
}

// runLottery runs a lottery, with all agencies at the same time, and checks everything.
func runLottery(t *testing.T, data map[int][][]string, batch int, env ...string) {
	t.Helper()
	newLottery(t, len(data), env...).run(data, batch)
}

// run runs a lottery, with all agencies at the same time, and checks everything.
func (l *lottery) run(data map[int][][]string, batch int) {
	t := l.t
	t.Helper()
	server := l.startServer()
	agencies := make(map[int]*processtest.Process)
	bets := 0
	for id, rows := range data {
		agencies[id] = l.startAgency(id, rows, batch)
		bets += len(rows)
	}
	for id, p := range agencies {
		checkAgency(t, p, winners(data[id]))
	}
	lines := checkServer(t, server, bets)
	l.checkStored(data)
	checkBatches(t, lines, data, batch)
}

// checkBatches checks that every batch of an agency but the last is full. It does not
// check large batches, because they may be limited by the frame.
func checkBatches(t testing.TB, lines []logtest.Line, data map[int][][]string, batch int) {
	t.Helper()
	if batch > 99 {
		return
	}
	got := make(map[string][]int)
	for _, line := range logtest.Select(lines, "apuesta_recibida", "success") {
		n, _ := strconv.Atoi(line.Keys["cantidad"])
		got[line.Keys["agencia"]] = append(got[line.Keys["agencia"]], n)
	}
	for id, rows := range data {
		var want []int
		for left := len(rows); left > 0; left -= batch {
			want = append(want, min(left, batch))
		}
		if !slices.Equal(got[strconv.Itoa(id)], want) {
			t.Errorf("agency %d: %d batches, want %d of %d", id, len(got[strconv.Itoa(id)]), len(want), batch)
		}
	}
}

func TestOfficialData(t *testing.T) {
	data := officialData(t)
	for id, want := range []int{2, 3, 3, 2, 0} {
		if got := len(winners(data[id+1])); got != want {
			t.Fatalf("agency %d has %d winning rows, want %d", id+1, got, want)
		}
	}
	for _, batch := range []int{7, 64, 99, 500, 65535} {
		t.Run(fmt.Sprintf("batches of %d", batch), func(t *testing.T) {
			runLottery(t, data, batch, "SERVER_STORAGE_SYNC="+strconv.FormatBool(batch >= 99))
		})
	}
}
