#!/usr/bin/env bash
# Creates or moves the course's local branches ej1 … ej8: all of them or none.
# Each branch is main plus one commit. The commit makes an exercise the default of
# generar-compose.sh.
#
# The work tree, the index and the current branch do not change. The commits depend
# only on main, so a second run changes nothing.
set -Eeuo pipefail
trap 'exit 1' ERR

# The two files that the commit of a branch changes.
readonly default_file=scripts/compose/default.go
readonly compose_file=docker-compose-dev.yaml

readonly default_line='^const defaultScenario = ".*"$'

# The titles of ej1, ej2, … in this order.
readonly titles=(
  'generador del archivo de Docker Compose'
  'configuración montada, sin reconstruir las imágenes'
  'validación del servidor echo con netcat'
  'cierre ordenado con SIGTERM'
  'una apuesta por agencia'
  'apuestas en batches'
  'sorteo y consulta de ganadores'
  'conexiones en paralelo'
)

# The author and committer of the commits: they mark what this script has made.
readonly name='make ramas' email=ramas@tp0.invalid
export GIT_AUTHOR_NAME=$name GIT_AUTHOR_EMAIL=$email
export GIT_COMMITTER_NAME=$name GIT_COMMITTER_EMAIL=$email

fail() {
  printf 'make ramas: %s\n' "$1" >&2
  exit 1
}

# message prints a commit message.
message() { # BRANCH TITLE
  cat <<FIN
$1: $2

Todo el sistema de main; generar-compose.sh genera por defecto los clientes
de este ejercicio. Este commit lo hace make ramas, que mueve la rama cuando
main avanza.
FIN
}

# stage puts its standard input into the index as a file.
stage() { # FILE
  local blob
  blob=$(git hash-object -w --stdin)
  git update-index --add --cacheinfo "100644,$blob,$1"
}

# make_commit makes the commit of a branch, and prints its id.
make_commit() { # BRANCH TITLE
  git cat-file blob "$main:$default_file" |
    sed "s/$default_line/const defaultScenario = \"$1\"/" | stage "$default_file"
  (cd "$scratch/tree" && go run -trimpath ./scripts/compose 5 "$1") | stage "$compose_file" ||
    fail "no se pudo generar el compose de $1"
  message "$1" "$2" | git -c i18n.commitEncoding=UTF-8 commit-tree "$(git write-tree)" -p "$main"
}

# worktree_of prints the folder in which a branch is checked out, if any.
worktree_of() { # BRANCH
  git worktree list --porcelain | awk -v line="branch refs/heads/$1" '
    /^worktree / { folder = substr($0, 10) }
    $0 == line { print folder }'
}

# was_main succeeds if main contains the commit, or pointed to it once.
was_main() { # COMMIT
  git merge-base --is-ancestor "$1" "$main" || [[ $main_log == *"$1"* ]]
}

# replaceable succeeds if nobody loses work with the commit: main contains it, or this
# script has made it on top of main.
replaceable() { # COMMIT
  git merge-base --is-ancestor "$1" "$main" && return
  local ours="$name <$email> $name <$email> " commit
  commit=$(git rev-list --max-count=1 --format='%an <%ae> %cn <%ce> %P' "$1" | tail -n 1)
  [[ $commit == "$ours"?* && ${commit#"$ours"} != *' '* ]] && was_main "${commit#"$ours"}"
}

# refuse_if_unsafe adds a line to the refusals if the branch must not move.
refuse_if_unsafe() { # BRANCH COMMIT
  local folder
  folder=$(worktree_of "$1")
  if [ -n "$folder" ]; then
    refusals+="
  $1 está en uso en $folder: cambiar allí a otra rama (git switch main)"
  fi
  if [ -n "$2" ] && ! replaceable "$2"; then
    refusals+="
  $1 tiene commits que no son de make ramas: para conservarlos, git branch -m $1 OTRO_NOMBRE; para descartarlos, git branch -D $1"
  fi
}

root=$(git rev-parse --show-toplevel)
cd "$root"
main=$(git rev-parse --quiet --verify refs/heads/main) || fail "no hay una rama main de la que partir"
main_log=$(git reflog show --format=%H refs/heads/main --)
lines=$(git cat-file blob "$main:$default_file" | grep -c "$default_line") || true
[ "$lines" = 1 ] || fail "$default_file de main no tiene una línea $default_line"

read -r seconds _ < <(git rev-list --max-count=1 --timestamp "$main")
export GIT_AUTHOR_DATE="@$seconds +0000" GIT_COMMITTER_DATE="@$seconds +0000"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_INDEX_FILE=$scratch/index
git read-tree "$main"
git checkout-index --all --prefix="$scratch/tree/" # the generator of main, not of the work tree

refusals='' updates='' summary=''
for i in "${!titles[@]}"; do
  branch=ej$((i + 1))
  new=$(make_commit "$branch" "${titles[i]}")
  old=$(git rev-parse --quiet --verify "refs/heads/$branch") || true
  case $old in
    "$new") verb='sin cambios' ;;
    '') verb=creada updates+="create refs/heads/$branch $new"$'\n' ;;
    *) verb=movida updates+="update refs/heads/$branch $new $old"$'\n' ;;
  esac
  [ "$old" = "$new" ] || refuse_if_unsafe "$branch" "$old"
  summary+="$branch  ${new:0:10}  $verb"$'\n'
done
[ -z "$refusals" ] || fail "no se movió ninguna rama, porque:$refusals
y después repetir make ramas"

# One transaction. It fails if a branch has moved since this script read it.
printf %s "$updates" | git update-ref -m 'make ramas' --stdin
printf %s "$summary"
