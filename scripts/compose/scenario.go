package main

import "fmt"

// A scenario is what the clients of the generated file are. The template of the
// file knows these values.
type scenario string

const (
	scenarioEcho     scenario = "eco"
	scenarioBet      scenario = "apuesta"
	scenarioAgencies scenario = "agencias"
)

// parseScenario accepts a scenario's name and the exercises that it shows.
func parseScenario(name string) (scenario, error) {
	switch name {
	case "eco", "ej1", "ej2", "ej3", "ej4":
		return scenarioEcho, nil
	case "apuesta", "ej5":
		return scenarioBet, nil
	case "agencias", "ej6", "ej7", "ej8":
		return scenarioAgencies, nil
	}
	return "", fmt.Errorf("escenario desconocido: %q", name)
}
