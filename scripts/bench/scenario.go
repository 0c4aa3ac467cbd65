package main

import (
	"fmt"
	"strings"
)

// load is the data of a scenario.
type load struct {
	times    int // the official sizes, so many times over; 0 = a crowd
	agencies int // of a crowd
	bets     int // of each agency of a crowd
}

// scenario is one thing to measure.
type scenario struct {
	name  string // for -escenarios
	title string
	load
	sync  bool
	goal  float64 // least share of the floor's bets/s; 0 = none
	slow  bool    // not part of a quick run
	scale bool    // part of the comparison of sizes
}

var scenarios = []scenario{
	{name: "oficial", title: "78.697 apuestas, durable", load: load{times: 1}, sync: true, goal: 0.10},
	{name: "50x", title: "50 veces esas, sin fsync", load: load{times: 50}, goal: 0.40, scale: true},
	{name: "50x-durable", title: "50 veces esas, durable", load: load{times: 50}, sync: true, goal: 0.25},
	{name: "1x", title: "78.697 apuestas, sin fsync", load: load{times: 1}, scale: true},
	{name: "10x", title: "10 veces esas, sin fsync", load: load{times: 10}, scale: true},
	{name: "200x", title: "200 veces esas, sin fsync", load: load{times: 200}, slow: true, scale: true},
	{name: crowdName, title: "1.000 agencias de 1.000, sin fsync", load: load{agencies: 1000, bets: 1000}},
	{name: emptyCrowd, title: "1.000 agencias sin apuestas", load: load{agencies: 1000}},
	{name: drawName, title: "arranque y sorteo sobre 10 millones, contra encoding/csv", goal: 0.50, slow: true},
}

// reference is the scenario whose bets/s the other sizes are compared with.
const reference = "50x"

// crowdName is the scenario of many agencies, and emptyCrowd that of as many
// without bets: what it costs that there are so many.
const (
	crowdName  = "mil"
	emptyCrowd = "mil-vacias"
)

// crowdReference is the scenario that the crowd is compared with: about as many
// bets, of five agencies.
const crowdReference = "10x"

func scenarioNames() []string {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return names
}

// choose picks the scenarios named in a list; "" names them all.
func choose(list string, quick bool) ([]scenario, error) {
	var chosen []scenario
	if list == "" {
		for _, s := range scenarios {
			if !quick || !s.slow {
				chosen = append(chosen, s)
			}
		}
		return chosen, nil
	}
	byName := make(map[string]scenario)
	for _, s := range scenarios {
		byName[s.name] = s
	}
	for name := range strings.SplitSeq(list, ",") {
		s, ok := byName[strings.TrimSpace(name)]
		if !ok {
			return nil, fmt.Errorf("no existe el escenario %q; hay %s", name, strings.Join(scenarioNames(), ", "))
		}
		chosen = append(chosen, s)
	}
	return chosen, nil
}
