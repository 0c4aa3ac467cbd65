#!/usr/bin/env bash
# Runs a command whose temporary files go to a folder of its own, which it removes
# when the command has ended.
#
# A signal to this script interrupts the command, and all that it has started, as
# Ctrl-C does: after a SIGTERM the go command would leave its programs running.
set -uo pipefail

child='' interrupted=''
interrupt() { # NUMBER of the signal
  interrupted=$1
  [ -z "$child" ] || kill -INT -- "-$child" 2>/dev/null
}
trap 'interrupt 1' HUP
trap 'interrupt 2' INT
trap 'interrupt 15' TERM

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
chmod 711 "$folder" # tests run programs as other users
export TMPDIR=$folder GOTMPDIR=$folder

set -m # the command gets a process group of its own
"$@" </dev/null &
child=$!
set +m
[ -z "$interrupted" ] || interrupt "$interrupted" # before there was a child

wait "$child" # until it ends or a signal comes
status=$?
if [ -n "$interrupted" ]; then
  status=$((128 + interrupted))
  for ((i = 0; i < 300; i++)); do
    kill -0 "$child" 2>/dev/null || break
    sleep 0.1
  done
  kill -TERM -- "-$child" 2>/dev/null # what ignores SIGINT has had half a minute
fi
exit "$status"
