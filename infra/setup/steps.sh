# How a set-up step is told, timed, skipped when nothing changed, and failed. Sourced by ./tokenstream.
# shellcheck shell=bash

# Everything the launcher says goes to stderr: stdout belongs to the program.
say() { printf '%s\n' "tokenstream: $*" >&2; }

die() {
  say "$*"
  exit 1
}

# step TITLE COMMAND...  runs a step, its output in a log that is shown only when the step fails.
step() {
  local title=$1 start log status
  shift
  start=$(date +%s)
  log="$TOOLS/logs/$(tr -cs 'a-zA-Z0-9' '-' <<<"$title" | sed 's/-*$//').log"
  mkdir -p "$TOOLS/logs"
  say "$title .."
  status=0
  # A subshell of its own keeps errexit alive inside the step: `if step` would switch it off.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null 9>&-
  status=$?
  set -e
  if ((status != 0)); then
    tail -n 40 "$log" >&2
    die "$title failed after $(($(date +%s) - start)) s; the whole output is in $log"
  fi
  say "$title: $(($(date +%s) - start)) s"
}

# A stamp remembers the inputs a step was last done for.
stamped() { [[ -f $TOOLS/stamps/$1 && $(<"$TOOLS/stamps/$1") == "$2" ]]; }

stamp() {
  mkdir -p "$TOOLS/stamps"
  printf '%s' "$2" >"$TOOLS/stamps/$1"
}

hash_of() { sha256sum "$@" | sha256sum | cut -d' ' -f1; }

# Names, sizes and change times of everything a build reads. A tenth of a second, where asking the build tool takes ten.
sources_hash() {
  find "$@" Directory.Build.props Directory.Packages.props NuGet.config global.json .editorconfig BannedSymbols.txt TokenStream.sln infra packages \
    \( -name bin -o -name obj -o -name node_modules -o -name TestResults \) -prune -o -type f -printf '%p %s %T@\n' |
    LC_ALL=C sort | sha256sum | cut -d' ' -f1
}
