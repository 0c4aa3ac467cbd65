package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// scenario is one thing to measure. Five client processes upload the official data,
// repeated some times. Or many agencies in one process upload the smallest official
// file each, which has about a thousand bets.
type scenario struct {
	name     string // for -escenarios
	title    string // for the tables
	times    int    // how many times the data is repeated; 0 = empty files
	agencies int    // how many agencies share a process; 0 = five clients
	sync     bool   // an acknowledged bet is on disk
	tls      bool   // central and agencies prove who they are
	restart  bool   // the server's next start is measured, until it has recovered the draw
	goal     string // for result.share

	cluster    bool // several centrals over a log in NATS servers, instead of one with a file
	leaderDies bool // the NATS server that leads the log is killed: the pause is measured
	latency    bool // one agency sends one batch at a time: its waits are measured
	entries    int  // that the log holds before; then the start of a further central is measured too
}

// hasFloor returns whether the time of the scenario is compared with a floor.
func (s scenario) hasFloor() bool { return !s.leaderDies && !s.latency }

var scenarios = []scenario{
	{name: "oficial", title: "78.697 apuestas, con fsync", times: 1, sync: true, goal: "≥ 0,10"},
	{name: "50x", title: "50 veces esas, sin fsync", times: 50, goal: "≥ 0,40"},
	{name: "50x-durable", title: "50 veces esas, con fsync", times: 50, sync: true, goal: "≥ 0,25"},
	{name: "1x", title: "78.697 apuestas, sin fsync", times: 1},
	{name: "10x", title: "10 veces esas, sin fsync", times: 10},
	{name: "200x", title: "200 veces esas, sin fsync", times: 200},
	{name: "mil", title: "mil agencias, sin fsync", times: 1, agencies: 1000},
	{name: "mil-durable", title: "mil agencias, con fsync", times: 1, agencies: 1000, sync: true},
	{name: "mil-vacias", title: "mil agencias sin apuestas", agencies: 1000},
	{name: "arranque", title: "arranque con sorteo, 128 veces esas", times: 128, restart: true, goal: "≥ 0,50"},
	{name: "50x-tls", title: "50 veces esas, sin fsync, con TLS", times: 50, tls: true},
	{name: "cluster", title: "50 veces esas, tres centrales", times: 50, sync: true, cluster: true},
	{name: "cluster-mil", title: "mil agencias, tres centrales", times: 1, agencies: 1000, sync: true, cluster: true},
	{name: "batch", title: "un batch por vez, una central", sync: true, latency: true},
	{name: "cluster-batch", title: "un batch por vez, tres centrales", sync: true, cluster: true, latency: true},
	{name: "cluster-log", title: "un batch por vez, log de 1.000 entradas", sync: true, cluster: true, latency: true, entries: beforeCheckpoint},
	{name: "cluster-log-10x", title: "un batch por vez, log de 10.000 entradas", sync: true, cluster: true, latency: true, entries: 9_000 + beforeCheckpoint},
	{name: "cluster-pausa", title: "muere quien dirige el log", times: 10, sync: true, cluster: true, leaderDies: true, goal: "≤ 6.000"},
}

// withoutClusters leaves out the scenarios with several centrals.
func withoutClusters(all []scenario) []scenario {
	return slices.DeleteFunc(slices.Clone(all), func(s scenario) bool { return s.cluster })
}

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// choose returns the scenarios that a list names; "" names them all.
func choose(list string) ([]scenario, error) {
	if list == "" {
		return scenarios, nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(list, ",") {
		i := slices.Index(scenarioNames(), strings.TrimSpace(name))
		if i < 0 {
			return nil, fmt.Errorf("no existe el escenario %q", name)
		}
		chosen = append(chosen, scenarios[i])
	}
	return chosen, nil
}

// input is the data that the agencies of a scenario upload.
type input struct {
	files   []string // the data files of agencies 1, 2, …
	bets    int
	winners int
	bytes   int64 // of all files
}

// makeInput makes the files of a scenario's input, if they do not exist yet. They stay for
// the next repetition.
func (b *bench) makeInput(s scenario) (input, error) {
	files := b.official
	if s.agencies > 0 {
		files = slices.Repeat(files[len(files)-1:], s.agencies)
	}
	var in input
	for _, file := range files {
		path := filepath.Join(b.dir, fmt.Sprintf("%dx-%d.csv", s.times, file.Agency))
		size, err := writeRepeated(path, file.Path, s.times)
		if err != nil {
			return in, err
		}
		in.files = append(in.files, path)
		in.bets += s.times * file.Bets
		in.winners += s.times * file.Winners
		in.bytes += size
	}
	return in, nil
}

// writeRepeated writes the content of source to path some times, unless path exists. It
// returns the size of path. It syncs the file, because a later write to the disk would
// disturb the measurements.
func writeRepeated(path, source string, times int) (int64, error) {
	if info, err := os.Stat(path); err == nil {
		return info.Size(), nil
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return 0, err
	}
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer file.Close() // for the error paths
	n, err := file.Write(bytes.Repeat(content, times))
	if err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	return int64(n), file.Close()
}
