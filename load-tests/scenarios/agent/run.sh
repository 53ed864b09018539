#!/usr/bin/env bash
# run.sh [SECONDS] [ROUNDS]: builds, starts a node and an agent on ports of their own, and asks the agent 5,000 times a second.
# PRIORITY="chrt -r 5" run.sh gives agent and generator the cores before everything else, on a machine that others use as well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
seconds=${1:-20}
rounds=${2:-3}
for project in src/TokenStream.Service load-tests/TokenStream.LoadGenerator; do
  dotnet build "$project" -c Release -v q --nologo >&2
done
service=src/TokenStream.Service/bin/Release/net10.0/TokenStream.Service.dll
load=load-tests/TokenStream.LoadGenerator/bin/Release/net10.0/TokenStream.LoadGenerator.dll
work=$(mktemp -d)
started=()
finish() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT

begin() { # begin NAME ADDRESS COMMAND..: until the health endpoint at the address says ready
  local name=$1 address=$2
  shift 2
  "$@" >"$work/$name.log" 2>&1 &
  started+=($!)
  for _ in $(seq 120); do
    if curl -sf "$address/health/ready" >/dev/null; then return; fi
    sleep 1
  done
  cat "$work/$name.log" >&2
  return 1
}

begin node http://127.0.0.1:22373 dotnet "$service" up --data "$work/data" --kafka-listen 127.0.0.1:22371 \
  --clickhouse-listen 127.0.0.1:22372 --listen 127.0.0.1:22373
# Word by word: a priority is a command and its options.
begin agent http://127.0.0.1:22374 ${PRIORITY:-} dotnet "$service" gateway-agent --listen 127.0.0.1:22374 --kafka 127.0.0.1:22371 \
  --keys "$work/data/keys/commands.pub.pem"
ask() { ${PRIORITY:-} dotnet "$load" agent --to http://127.0.0.1:22374 --rate 5000 "$@"; }
ask --seconds 10 >/dev/null # what is to be compiled is compiled
for _ in $(seq "$rounds"); do
  for what in --floor --decide-only ''; do
    printf '%s\t' "${what:-decide and complete}"
    ask --seconds "$seconds" $what
  done
done
