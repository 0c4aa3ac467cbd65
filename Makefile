SHELL := /bin/bash
COMPOSE := docker compose -f docker-compose-dev.yaml

# Da a un comando una carpeta temporal propia, de la que no queda nada, tampoco si
# se lo interrumpe.
TEMPORAL := scripts/with-tempdir.sh

# Una línea, y no la ayuda del programa que la recibe.
ifneq ($(shell printf '%s' '$(AGENCIAS)' | tr -d 0-9),)
  $(error AGENCIAS es una cantidad de agencias, un entero sin signo, y no "$(AGENCIAS)")
endif

default: help

##@ Para empezar

help: ## muestra esta lista
	@echo "Lotería Nacional en Go. Objetivos:"
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-25s %s\n", "make " $$1, $$2 }' $(MAKEFILE_LIST)
.PHONY: default help

# Para que -version diga el commit. Donde git no contesta (no está, o el clon es de
# otro usuario), go build fallaría si le preguntara.
CON_COMMIT = $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)

build: ## compila los dos programas en bin/
	CGO_ENABLED=0 $(TEMPORAL) go build -buildvcs=$(CON_COMMIT) -trimpath -o bin/ ./server ./client
.PHONY: build

demo: ## la lotería completa en esta máquina, sin Docker (AGENCIAS=5; TLS=1, o CRONOLOGIA=archivo.html deja un dibujo)
	@echo "Demo: un servidor y sus agencias, sin Docker. La primera vez, Go baja las dependencias"
	@echo "(necesita red) y compila todo: uno o dos minutos, según la máquina. Después, segundos."
	@echo
	@$(TEMPORAL) go run ./scripts/demo -agencias $(or $(AGENCIAS),5) $(if $(TLS),-tls) $(if $(CRONOLOGIA),-cronologia "$(CRONOLOGIA)")
.PHONY: demo

tablero: ## la lotería, despacio, con el tablero abierto en un navegador hasta Ctrl-C
	@$(TEMPORAL) go run ./scripts/demo -tablero || [ $$? -eq 130 ] # Ctrl-C es su fin
.PHONY: tablero

cluster: ## la lotería con tres centrales y tres servidores NATS: mata a uno de cada uno a mitad de la subida
	@echo "Cluster: tres centrales y tres servidores NATS, sin Docker. La primera vez compila"
	@echo "también nats-server (baja su módulo: necesita red) y lo deja en la caché del usuario."
	@echo
	@$(TEMPORAL) go run ./scripts/demo -cluster -agencias $(or $(AGENCIAS),5) $(if $(TLS),-tls)
.PHONY: cluster

test: ## todas las pruebas (con Docker, si responde)
	@$(TEMPORAL) scripts/test.sh
.PHONY: test

##@ Pruebas más largas

crash: ## mata procesos durante CRASH_FOR (10m) y corta conexiones: nada se pierde (CENTRALES=3: en un cluster)
	$(if $(filter-out 3,$(CENTRALES)),$(error CENTRALES: un cluster tiene 3, y no $(CENTRALES)))
	CRASH_FOR=$(or $(CRASH_FOR),10m) $(TEMPORAL) go test -count=1 -timeout 0 -v \
		$(if $(CENTRALES),-run ClusterCrashes,-run Crash -skip ClusterCrashes) ./internal/systest/e2e
.PHONY: crash

fuzz: ## busca entradas que rompan cada decodificador, FUZZTIME (1m) cada uno
	@$(TEMPORAL) scripts/fuzz.sh $(or $(FUZZTIME),1m)
.PHONY: fuzz

estabilidad: ## las pruebas con contenedores que dependen del tiempo, VECES (20) seguidas y con carga
	CONTAINERS=1 ESTABILIDAD=$(or $(VECES),20) $(TEMPORAL) go test -count=1 -timeout 0 -v -run Estabilidad ./internal/systest/containers
.PHONY: estabilidad

##@ Datos

datos: ## deja los archivos de las agencias en .data/ (AGENCIAS=5): los de la cátedra o sintéticos
	@$(TEMPORAL) go run ./scripts/datos -agencias $(or $(AGENCIAS),5)
.PHONY: datos

certificados: ## deja en .data/certificados/ los de desarrollo, para la central y las AGENCIAS (5)
	@$(TEMPORAL) go run ./scripts/certificados -agencias $(or $(AGENCIAS),5)
.PHONY: certificados

##@ Docker

docker-image: ## construye las imágenes server:latest y client:latest
	docker build -f ./server/Dockerfile -t server:latest .
	docker build -f ./client/Dockerfile -t client:latest .
.PHONY: docker-image

docker-compose-up: docker-image datos-faltantes ## construye las imágenes e inicia el servidor y las agencias
	$(COMPOSE) up -d
.PHONY: docker-compose-up

# Los archivos de agencias que el compose monta y no están.
DATOS := $(shell awk '$$1 == "source:" && $$2 ~ /agency-[0-9]+\.csv$$/ { print $$2 }' docker-compose-dev.yaml)
datos-faltantes:
	@[ -z "$(filter-out $(wildcard $(DATOS)),$(DATOS))" ] || \
		$(TEMPORAL) go run ./scripts/datos -faltantes -agencias $(words $(DATOS))
.PHONY: datos-faltantes

docker-compose-down: ## detiene y elimina los contenedores
	$(COMPOSE) stop -t 1
	$(COMPOSE) down
.PHONY: docker-compose-down

docker-compose-logs: ## sigue los logs de todos los contenedores
	@$(COMPOSE) logs -f || [ $$? -eq 130 ] # Ctrl-C es su fin
.PHONY: docker-compose-logs

##@ Entregar, medir y limpiar

ramas: ## crea o mueve las ramas locales ej1 … ej8
	@$(TEMPORAL) scripts/ramas.sh
.PHONY: ramas

bench: ## mide y dibuja el rendimiento, comparado con el piso de la máquina
	$(TEMPORAL) go test -run '^$$' -bench . -benchmem ./protocol ./server/store ./server/tcp ./client ./client/agency
	CGO_ENABLED=0 $(TEMPORAL) go run ./scripts/bench
.PHONY: bench

captura: ## saca otra vez la captura del tablero que muestra README.md (pide chromium y curl)
	@$(TEMPORAL) scripts/captura.sh
.PHONY: captura

clean: ## borra los programas de bin/, y nada más: ni datos, ni bets.csv, ni ramas, ni imágenes
	rm -rf bin
.PHONY: clean
