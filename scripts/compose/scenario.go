package main

import "fmt"

// A scenario is what the clients of the generated file are.
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

// server is the server's service for n clients.
func (s scenario) server(n int, root string) service {
	v := newService("server", "server:latest")
	v.Environment = environment{
		{name: "SERVER_AGENCIES", value: fmt.Sprint(n),
			comment: "El sorteo espera a las agencias 1 a N."},
		{name: "SERVER_STORAGE", value: "/data/bets.csv",
			comment: "En la capa del contenedor: sobrevive a un reinicio, no a down."},
	}
	if s == scenarioAgencies {
		v.Environment = append(v.Environment, variable{name: "SERVER_PUBLISH_DELAY", value: "3s",
			comment: "docker compose logs -f no ordena lo de distintos contenedores y, con carga, empieza\n" +
				"tarde: con esta pausa la línea del sorteo se ve antes que las de los ganadores."})
	}
	v.Volumes = []bind{readOnly(root, "server/config.ini", "/config.ini")}
	return v
}

// client is the service of client number id.
func (s scenario) client(id int, root string) service {
	v := newService(fmt.Sprintf("client%d", id), "client:latest")
	v.DependsOn = []string{"server"}
	v.ReadOnly = true
	v.Environment = environment{{name: "CLI_ID", value: fmt.Sprint(id)}}
	v.Volumes = []bind{readOnly(root, "client/config.yaml", "/config.yaml")}
	switch s {
	case scenarioEcho:
		v.Environment = append(v.Environment, variable{name: "CLI_MODE", value: "echo"})
	case scenarioBet:
		v.Environment = append(v.Environment, variable{name: "CLI_MODE", value: "bet"})
		v.Environment = append(v.Environment, sampleBet(id)...)
	case scenarioAgencies:
		data := fmt.Sprintf(".data/agency-%d.csv", id)
		v.Volumes = append(v.Volumes, readOnly(root, data, "/"+data))
		v.Environment = append(v.Environment, linger(id))
	}
	return v
}

// linger keeps a client up for a while; the first client's says why.
func linger(id int) variable {
	v := variable{name: "CLI_LINGER", value: "2s"}
	if id == 1 {
		v.comment = "docker compose logs -f solo muestra la salida de un contenedor que termina\n" +
			"mientras lo sigue: el cliente espera un poco después de cerrar todo."
	}
	return v
}
