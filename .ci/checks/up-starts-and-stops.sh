# `./tokenstream up` comes to readiness, ends on a signal with exit code 0, and a second start on the same data is ready within seconds.
set -euo pipefail
data=$(mktemp -d)
trap 'kill "$node" 2>/dev/null || true; rm -rf "$data"' EXIT
for start in first second; do
  began=$SECONDS
  ./tokenstream up --data "$data" --kafka-listen 127.0.0.1:19392 --clickhouse-listen 127.0.0.1:19323 --listen 127.0.0.1:19380 &
  node=$!
  until curl -sf -o "$data/ready" http://127.0.0.1:19380/health/ready; do
    kill -0 "$node" || { echo "the node ended on its $start start"; exit 1; }
    ((SECONDS - began < 60)) || { echo "not ready 60 s after its $start start"; exit 1; }
    sleep 0.2
  done
  echo "ready $((SECONDS - began)) s after the $start start"
  kill -TERM "$node"
  wait "$node"
done
