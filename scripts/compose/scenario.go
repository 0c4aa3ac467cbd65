package main

import "fmt"

// A scenario says what the clients do. docker-compose.tmpl uses these values.
type scenario string

const (
	scenarioEcho     scenario = "eco"
	scenarioBet      scenario = "apuesta"
	scenarioAgencies scenario = "agencias"
)

// parseScenario accepts the name of a scenario, or of an exercise.
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
