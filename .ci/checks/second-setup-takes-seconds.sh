# With everything in place, a set-up has nothing to do and says so within seconds.
set -euo pipefail
./tokenstream setup
start=$SECONDS
said=$(./tokenstream setup 2>&1)
[[ $said == *'everything is in place'* && $(wc -l <<<"$said") == 1 ]]
((SECONDS - start <= 5))
