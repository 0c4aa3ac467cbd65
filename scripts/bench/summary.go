package main

import (
	"slices"
	"time"
)

// spread is what several measurements of one thing say.
type spread struct{ median, least, most float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return spread{}
	}
	return spread{median: (sorted[(n-1)/2] + sorted[n/2]) / 2, least: sorted[0], most: sorted[n-1]}
}

// result is what a scenario's measurements come to.
type result struct {
	scenario
	bets      int
	elapsed   spread // seconds
	floor     spread // seconds
	floorSync spread // seconds; zero when not measured
	share     spread // of the floor's bets/s, each measured beside its floor
	shareSync spread // of those of the floor with fsync; zero when not measured
	rate      float64
	connected spread // bets/s from the first connection on
	server    float64
	client    float64 // peak memory in MiB, the most of all runs
}

// floorRate is the floor's bets/s.
func (r result) floorRate() float64 { return float64(r.bets) / r.floor.median }

// summarize keeps the order of the scenarios.
func summarize(scenarios []scenario, runs map[string][]measurement) []result {
	var results []result
	for _, s := range scenarios {
		results = append(results, summary(s, runs[s.name]))
	}
	return results
}

func summary(s scenario, runs []measurement) result {
	each := func(value func(measurement) float64) spread {
		var values []float64
		for _, m := range runs {
			values = append(values, value(m))
		}
		return spreadOf(values)
	}
	ratio := func(a, b time.Duration) float64 { return float64(a) / float64(b) }
	r := result{
		scenario:  s,
		bets:      runs[0].bets,
		elapsed:   each(func(m measurement) float64 { return m.elapsed.Seconds() }),
		floor:     each(func(m measurement) float64 { return m.floor.Seconds() }),
		floorSync: each(func(m measurement) float64 { return m.floorSync.Seconds() }),
		share:     each(func(m measurement) float64 { return ratio(m.floor, m.elapsed) }),
		shareSync: each(func(m measurement) float64 { return ratio(m.floorSync, m.elapsed) }),
		connected: each(func(m measurement) float64 { return float64(m.bets) / m.connected.Seconds() }),
		server:    each(func(m measurement) float64 { return float64(m.server) / (1 << 20) }).most,
		client:    each(func(m measurement) float64 { return float64(m.client) / (1 << 20) }).most,
	}
	r.rate = float64(r.bets) / r.elapsed.median
	return r
}

// find returns the result of a scenario, if it was measured.
func find(results []result, name string) (result, bool) {
	i := slices.IndexFunc(results, func(r result) bool { return r.name == name })
	if i < 0 {
		return result{}, false
	}
	return results[i], true
}
