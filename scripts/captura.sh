#!/usr/bin/env bash
# Makes the picture of the board that README.md shows: it starts the demo with its
# board, and takes the picture in the middle of the uploads. It needs chromium and curl.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly picture=server/admin/board.png

for tool in chromium curl; do
  if ! command -v "$tool" >/dev/null; then
    printf 'make captura: hace falta %s\n' "$tool" >&2
    exit 1
  fi
done

folder=$(mktemp -d)
go build -o "$folder/demo" ./scripts/demo
"$folder/demo" -tablero >"$folder/salida" &
demo=$!
trap 'kill -INT "$demo" 2>/dev/null || true; wait "$demo" || true; rm -rf "$folder"' EXIT

# until_says waits until a command prints a text, for at most two minutes.
until_says() {
  local text=$1
  shift
  for ((i = 0; i < 600; i++)); do
    [[ $("$@" 2>/dev/null) != *$text* ]] || return 0
    kill -0 "$demo" || exit 1
    sleep 0.2
  done
  printf 'make captura: se esperó «%s» en vano\n' "$text" >&2
  exit 1
}

until_says 'http://' grep Tablero "$folder/salida"
address=$(grep -om1 'http://[0-9.]*:[0-9]*' "$folder/salida")
until_says 'Agencia 4: termin' curl -s "$address/state.json"
chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars \
  --user-data-dir="$folder/chromium" --window-size=1200,1030 --screenshot="$folder/board.png" "$address/" 2>/dev/null
cp "$folder/board.png" "$picture"
printf 'La captura está en %s\n' "$picture"
