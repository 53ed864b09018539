#!/usr/bin/env bash
# run.sh [10000] [kill] [MINUTES]  - see README.md beside it. Everything lies in a folder of its own, which is removed at the end.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.."

budgets=budgets.yaml tenants=200 kill=
while [[ ${1:-} == 10000 || ${1:-} == kill ]]; do
  if [[ $1 == kill ]]; then kill=yes; else budgets=budgets-10000.yaml tenants=10000; fi
  shift
done
minutes=${1:-10}

data=$(mktemp -d)
kafka=127.0.0.1:19592
processes=()
finish() {
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null && wait "$process" || true; done
  rm -rf "$data"
}
trap finish EXIT

generator="load-tests/TokenStream.LoadGenerator/bin/Release/net10.0/TokenStream.LoadGenerator"
dotnet build load-tests/TokenStream.LoadGenerator -c Release -v q --nologo >&2
"$generator" generate --events 1 --out "$data/one.jsonl" --prices "$data/prices.yaml"

# Where the node is to be killed, the log is a process of its own, as it is in production.
place=(--kafka-listen "$kafka")
if [[ $kill ]]; then
  dotnet build tests/TokenStream.BrokerHost -c Release -v q --nologo >&2
  tests/TokenStream.BrokerHost/bin/Release/net10.0/TokenStream.BrokerHost "$data/log" "$kafka" >"$data/log.log" 2>&1 &
  processes+=($!)
  place=(--kafka "$kafka")
fi

# start  - the node, until it is ready.
start() {
  ./tokenstream up --data "$data/node" "${place[@]}" --clickhouse-listen 127.0.0.1:18593 --listen 127.0.0.1:18594 --prices "$data/prices.yaml" >>"$data/node.log" 2>&1 &
  node=$!
  processes+=("$node")
  for _ in $(seq 120); do
    if curl --silent --fail --max-time 2 http://127.0.0.1:18594/health/ready >/dev/null; then return; fi
    kill -0 "$node" || { tail -n 20 "$data/node.log" >&2; exit 1; }
    sleep 1
  done
}

start
./tokenstream budgets apply "load-tests/scenarios/enforcement/$budgets" --yes --reason "load test" --kafka "$kafka" >&2
sleep 10 # idle partitions take new scopes up within seconds
"$generator" enforce --to "$kafka" --public-keys "$data/node/keys/commands.pub.pem" --tenants "$tenants" --minutes "$minutes" &
run=$!
if [[ $kill ]]; then
  sleep $((120 + ${minutes%.*} * 30)) # in the middle of what is measured
  began=$SECONDS
  kill -9 "$node" && wait "$node" || true
  start
  echo "the node was killed and was ready again after $((SECONDS - began)) s" >&2
fi
wait "$run"
