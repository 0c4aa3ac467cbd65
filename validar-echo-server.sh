#!/bin/sh
# validar-echo-server.sh: manda un mensaje al servidor y comprueba que vuelva
# igual. Usa el netcat de un contenedor descartable en la red del compose: no
# hace falta instalar ni publicar nada.
set -u

red=tp0_testing_net
imagen=busybox:latest
servidor=server

terminar() { # RESULTADO [MOTIVO]
  [ $# -lt 2 ] || printf 'validar-echo-server: %s\n' "$2" >&2
  printf 'action: test_echo_server | result: %s\n' "$1"
  [ "$1" = success ]
  exit
}

# El valor de SERVER_PORT en la sección [DEFAULT], o nada. El servidor acepta la
# clave en minúsculas, y un BOM al principio.
puerto_configurado() {
  [ -r "$1" ] || return 0
  LC_ALL=C awk '
    BEGIN { propia = 1 }
    NR == 1 { sub(/^\357\273\277/, "") }
    { sub(/\r$/, ""); sub(/^[ \t]+/, "") }
    /^\[/ { propia = /^\[[ \t]*DEFAULT[ \t]*\]/ }
    propia && tolower($0) ~ /^server_port[ \t]*[=:]/ {
      sub(/^[^=:]*[=:][ \t]*/, "")
      sub(/[ \t]*([;#].*)?$/, "")
      gsub(/^"|"$/, "")
      puerto = /^[+]?[0-9]+$/ ? $0 + 0 : $0
    }
    END { print puerto }' "$1"
}

# La carpeta en la que está el script, también si lo nombra un enlace.
carpeta_propia() {
  archivo=$1
  while [ -L "$archivo" ]; do
    enlace=$(readlink "$archivo")
    case $enlace in
      /*) archivo=$enlace ;;
      *) archivo=$(dirname -- "$archivo")/$enlace ;;
    esac
  done
  CDPATH='' cd -- "$(dirname -- "$archivo")" && pwd
}

# Lo que corre en el contenedor: SERVIDOR PUERTO MENSAJE. Cuando se le acaba la
# entrada, nc cierra su mitad de la conexión, y con eso cierra también un servidor
# que espera a que lo haga el cliente. Solo se reintenta la conexión rechazada,
# porque el servidor puede estar arrancando; según con qué opciones se compiló
# busybox, nc la explica o termina con 1 sin decir nada.
# shellcheck disable=SC2016 # lo expande el sh del contenedor
prueba='
  intentos=40
  error=$(mktemp)
  while :; do
    respuesta=$(printf "%s\n" "$3" | timeout 5 nc "$1" "$2" 2>"$error")
    estado=$?
    [ "$respuesta" != "$3" ] || exit 0
    [ -z "$respuesta" ] && [ "$estado" -eq 1 ] || break
    [ ! -s "$error" ] || grep -qi refused "$error" || break
    intentos=$((intentos - 1))
    [ "$intentos" -gt 0 ] || break
    sleep 0.25
  done
  cat "$error" >&2
  [ -z "$respuesta" ] || echo "la respuesta es otra" >&2
  exit 1'

carpeta=$(carpeta_propia "$0") || terminar fail "no se encuentra la carpeta del proyecto"
puerto=$(puerto_configurado "$carpeta/server/config.ini")
puerto=${puerto:-12345}
case $puerto in
  *[!0-9]*) terminar fail "SERVER_PORT no es un número en server/config.ini: '$puerto'" ;;
esac
mensaje="validar-echo-server $(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')"

command -v docker >/dev/null || terminar fail "falta docker"
docker version >/dev/null || terminar fail "el motor de Docker no responde"
docker network inspect "$red" >/dev/null 2>&1 ||
  terminar fail "no existe la red $red: ¿está levantado el sistema?"

docker run --rm --network "$red" "$imagen" \
  sh -c "$prueba" prueba "$servidor" "$puerto" "$mensaje" </dev/null >&2 ||
  terminar fail "$servidor:$puerto no devolvió el mensaje"
terminar success
