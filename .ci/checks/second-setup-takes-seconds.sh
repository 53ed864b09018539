# With everything in place, a set-up has nothing to do and says so within seconds.
set -euo pipefail
./tokenstream setup
start=$SECONDS
./tokenstream setup 2>&1 | tee /dev/stderr | grep -q 'everything is in place'
((SECONDS - start <= 5))
