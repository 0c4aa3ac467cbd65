#!/usr/bin/env bash
# Runs all checks of the project. It reports missing tools, and skips their checks: a C
# compiler (-race), python3, tshark, chromium, promtool, ip and nsenter, shellcheck,
# nats-server, a Docker engine.
set -euo pipefail
cd "$(dirname "$0")/.."

staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
shfmt=mvdan.cc/sh/v3/cmd/shfmt@v3.14.1
scripts=(generar-compose.sh validar-echo-server.sh scripts/test.sh scripts/fuzz.sh scripts/ramas.sh scripts/captura.sh scripts/with-tempdir.sh .ci/run)

step() { printf '\n== %s\n' "$*"; }
without() { printf 'aviso: %s\n' "$*"; }

step "formato y análisis estático"
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  printf 'sin formato (gofmt -w): %s\n' "$unformatted"
  exit 1
fi
go vet ./...
for system in windows darwin; do
  GOOS=$system go build ./...
  GOOS=$system go vet ./... # compiles the tests too
done
go run "$staticcheck" ./...
go run "$shfmt" -d -i 2 -ci "${scripts[@]}"
if command -v shellcheck >/dev/null; then
  shellcheck "${scripts[@]}"
else
  without "no hay shellcheck: los scripts quedan sin analizar"
fi

race=-race
if [ "$(go env CGO_ENABLED)" != 1 ] || ! command -v "$(go env CC)" >/dev/null; then
  race=
  without "no hay un compilador de C: las pruebas van sin -race"
fi
command -v python3 >/dev/null || without "no hay python3: bets.csv se compara solo con filas guardadas"
command -v tshark >/dev/null || without "no hay tshark: el disector de Wireshark queda sin probar"
command -v chromium >/dev/null || without "no hay chromium: el tablero queda sin mirar"
command -v promtool >/dev/null || without "no hay promtool: el formato de las métricas queda sin comprobar"
if [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! command -v nsenter >/dev/null; then
  without "no es root, o no hay ip y nsenter: las particiones de la red quedan sin probar"
fi

nats=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' internal/natsserver/build.go)
go mod download "github.com/nats-io/nats-server/v2@v$nats" 2>/dev/null ||
  without "no se puede bajar nats-server $nats: sin uno ya compilado, las de varias centrales quedan sin correr"

step "pruebas de cada paquete, de los scripts y de punta a punta"
# Some tests build and run programs: go's test cache does not notice their changes.
go test -count=1 ${race:+"$race"} ./...

step "pruebas con contenedores"
if docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
  CONTAINERS=1 go test -count=1 -timeout 15m ./internal/systest/containers
else
  without "no responde un motor de Docker con Compose: quedan sin correr"
fi
