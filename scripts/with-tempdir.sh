#!/usr/bin/env bash
# Runs a command with a temporary folder of its own. Removes the folder after the
# command has ended.
#
# A signal to this script becomes a SIGINT for the command and all processes that it has
# started, as with Ctrl-C. After a SIGTERM the go command would leave its programs
# running.
set -uo pipefail

child='' interrupted=''
interrupt() { # NUMBER of the signal
  interrupted=$1
  [ -z "$child" ] || kill -INT -- "-$child" 2>/dev/null
}
trap 'interrupt 1' HUP
trap 'interrupt 2' INT
trap 'interrupt 15' TERM

command -v "$1" >/dev/null || {
  echo "falta $1: los requisitos están en README.md" >&2
  exit 127
}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
chmod 711 "$folder" # tests run programs as other users
export TMPDIR=$folder GOTMPDIR=$folder

set -m # the command gets a process group of its own
"$@" </dev/null &
child=$!
set +m
[ -z "$interrupted" ] || interrupt "$interrupted" # the signal came before the child

wait "$child" # until it ends or a signal comes
status=$?
if [ -n "$interrupted" ]; then
  status=$((128 + interrupted))
  for ((i = 0; i < 300; i++)); do
    kill -0 "$child" 2>/dev/null || break
    sleep 0.1
  done
  kill -TERM -- "-$child" 2>/dev/null # for processes that ignored SIGINT for half a minute
fi
exit "$status"
