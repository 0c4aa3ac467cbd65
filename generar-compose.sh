#!/usr/bin/env bash
# generar-compose.sh: escribe el archivo de Docker Compose del sistema.
# El contenido lo arma scripts/compose, con el Go de la máquina o, si no hay, con
# el de la imagen golang:1.26.
set -euo pipefail

readonly imagen=golang:1.26

uso() {
  cat <<'FIN'
uso: ./generar-compose.sh ARCHIVO N [ESCENARIO] [--tablero] [--tls] [--centrales C]

  ARCHIVO    el archivo a escribir; si existe, se reemplaza
  N          cantidad de clientes, de 0 a 4096
  ESCENARIO  qué son los clientes:
               eco       (o ej1, ej2, ej3, ej4)  mandan mensajes echo
               apuesta   (o ej5)                 mandan una apuesta cada uno
               agencias  (o ej6, ej7, ej8)       suben .data/agency-N.csv
             Sin él: agencias, o el de la rama ejN en la que se está.
  --tablero  publica el tablero del servidor en http://127.0.0.1:12346
  --tls      cada agencia demuestra con un certificado quién es; antes hay que
             hacerlos: make certificados AGENCIAS=N
  --centrales C
             C centrales (de 2 a 9) en lugar de una, con lo guardado en tres
             servidores NATS: puede morir uno de ellos y todas las centrales menos una

Las rutas son relativas a la carpeta del proyecto si ARCHIVO está en ella, y
absolutas si está en otra.
FIN
}

decir() { printf 'generar-compose: %s\n' "$1" >&2; }

mal_uso() {
  decir "$1"
  uso >&2
  exit 2
}

# Por qué no sirve el Go de la máquina, o nada si sirve: uno demasiado viejo no
# entiende el go.mod.
falta_go() {
  local error
  if ! command -v go >/dev/null; then
    echo "no hay Go en esta máquina"
  elif ! error=$(cd "$raiz" && go list -m 2>&1 >/dev/null); then
    echo "el Go de esta máquina no sirve (${error%%$'\n'*})"
  fi
}

# Por qué no sirve Docker, o nada si sirve.
falta_docker() {
  local error
  if ! command -v docker >/dev/null; then
    echo "no hay Docker"
  elif ! error=$(docker version 2>&1 >/dev/null); then
    echo "el motor de Docker no responde (${error%%$'\n'*})"
  fi
}

con_go() { (cd "$raiz" && go run ./scripts/compose "$@"); }

# Corre como quien llama. Los módulos y lo compilado quedan en su caché, para que
# solo la primera vez sea lenta y necesite red.
con_docker() {
  local montar=(-v "$raiz:/src:ro") cache="${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}"
  if [ -n "$cache" ] && mkdir -p "$cache/tp0-compose" 2>/dev/null; then
    montar+=(-v "$cache/tp0-compose:/tmp")
  fi
  docker run --rm --user "$(id -u):$(id -g)" "${montar[@]}" -w /src \
    -e HOME=/tmp -e GOCACHE=/tmp/build -e GOMODCACHE=/tmp/mod \
    "$imagen" go run -modcacherw -buildvcs=false ./scripts/compose "$@"
}

elegir_generador() {
  local sin_go sin_docker
  generador=con_go
  sin_go=$(falta_go)
  [ -n "$sin_go" ] || return 0
  sin_docker=$(falta_docker)
  if [ -n "$sin_docker" ]; then
    decir "hace falta Go 1.26 o un Docker que responda: $sin_go, y $sin_docker"
    exit 1
  fi
  decir "$sin_go: se usa la imagen $imagen"
  generador=con_docker
  docker image inspect "$imagen" >/dev/null 2>&1 || docker pull "$imagen" >&2
}

case ${1:-} in -h | --help)
  uso
  exit 0
  ;;
esac
[ $# -ge 2 ] || mal_uso "se esperaban al menos dos argumentos y hay $#"

archivo=$1
shift
case $archivo in
  '' | */) mal_uso "ARCHIVO no nombra un archivo: '$archivo'" ;;
  -*) archivo=./$archivo ;;
esac
if [ -L "$archivo" ] || { [ -e "$archivo" ] && [ ! -f "$archivo" ]; }; then
  mal_uso "ARCHIVO existe y no es un archivo común: '$archivo'"
fi
[ -d "$(dirname "$archivo")" ] || mal_uso "no existe la carpeta de ARCHIVO: '$archivo'"

raiz=$(CDPATH='' cd -- "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
carpeta=$(CDPATH='' cd -- "$(dirname "$archivo")" && pwd -P)
desde=.
[ "$carpeta" = "$raiz" ] || desde=$raiz

elegir_generador
temporal=$(mktemp "$carpeta/.compose.XXXXXX")
trap 'rm -f "$temporal"' EXIT

estado=0
mensajes=$("$generador" -raiz "$desde" -- "$@" 2>&1 >"$temporal") || estado=$?
case $mensajes in
  *$'\nexit status 2') mal_uso "${mensajes%$'\n'*}" ;; # go run no repite el estado: lo cuenta
esac
[ -z "$mensajes" ] || decir "$mensajes"
[ "$estado" -eq 0 ] || exit 1
chmod 0644 "$temporal"
mv -f "$temporal" "$carpeta/$(basename "$archivo")"
