#!/usr/bin/env bash
# run.sh [TURNS] [STREAMS]: builds, starts a node, an upstream and a proxy on ports of their own, and measures what the proxy adds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
turns=${1:-2000}
streams=${2:-200}
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

begin() { # begin NAME WHAT-IT-SAYS-WHEN-READY COMMAND..
  local name=$1 ready=$2
  shift 2
  "$@" >"$work/$name.log" 2>&1 &
  started+=($!)
  for _ in $(seq 120); do
    if grep -q "$ready" "$work/$name.log"; then return; fi
    sleep 1
  done
  cat "$work/$name.log" >&2
  return 1
}

begin node 'decides, in epoch' dotnet "$service" up --data "$work/data" --kafka-listen 127.0.0.1:22361 \
  --clickhouse-listen 127.0.0.1:22362 --listen 127.0.0.1:22363
begin upstream '^ready' dotnet "$load" proxy-upstream --listen http://127.0.0.1:22364
begin proxy '^ready' dotnet "$service" proxy --upstream http://127.0.0.1:22364 --listen 127.0.0.1:22365 --kafka 127.0.0.1:22361 \
  --keys "$work/data/keys/commands.pub.pem"
dotnet "$load" proxy --direct http://127.0.0.1:22364 --through http://127.0.0.1:22365 --turns "$turns" --streams "$streams"
curl -s http://127.0.0.1:22365/metrics | grep -E '^tokenstream_proxy_(usage|requests)_total|^tokenstream_gateway_events_total' >&2
