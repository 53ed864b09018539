#!/usr/bin/env bash
# run.sh [10000] [MINUTES]  - see README.md beside it. Everything lies in a folder of its own, which is removed at the end.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.."

budgets=budgets.yaml tenants=200
if [[ ${1:-} == 10000 ]]; then
  budgets=budgets-10000.yaml tenants=10000
  shift
fi
minutes=${1:-10}

data=$(mktemp -d)
kafka=127.0.0.1:19592
node=
trap '[[ -n $node ]] && kill "$node" 2>/dev/null && wait "$node"; rm -rf "$data"' EXIT

generator="load-tests/TokenStream.LoadGenerator/bin/Release/net10.0/TokenStream.LoadGenerator"
dotnet build load-tests/TokenStream.LoadGenerator -c Release -v q --nologo >&2
"$generator" generate --events 1 --out "$data/one.jsonl" --prices "$data/prices.yaml"
./tokenstream up --data "$data/node" --kafka-listen "$kafka" --clickhouse-listen 127.0.0.1:18593 --listen 127.0.0.1:18594 \
  --prices "$data/prices.yaml" >"$data/node.log" 2>&1 &
node=$!
for _ in $(seq 120); do
  if curl --silent --fail --max-time 2 http://127.0.0.1:18594/health/ready >/dev/null; then break; fi
  kill -0 "$node" || { tail -n 20 "$data/node.log" >&2; exit 1; }
  sleep 1
done
./tokenstream budgets apply "load-tests/scenarios/enforcement/$budgets" --yes --reason "load test" --kafka "$kafka" >&2
sleep 10 # idle partitions take new scopes up within seconds
"$generator" enforce --to "$kafka" --public-keys "$data/node/keys/commands.pub.pem" --tenants "$tenants" --minutes "$minutes"
