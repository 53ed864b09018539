# Runs every test project and sums up. Sourced by ./tokenstream.
# shellcheck shell=bash

# run_tests [dotnet test arguments]  prints one line `N passed, N failed[, N skipped]` at the end.
run_tests() {
  local project results passed=0 failed=0 skipped=0 status counts
  results=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$results'" EXIT
  for project in tests/*/*.csproj; do
    local name
    name=$(basename "$project" .csproj)
    say "$name .."
    status=0
    # A test that hangs is ended and counted as failed, so that the run always comes to its last line.
    dotnet test "$project" -c Release --no-build --nologo -v quiet --results-directory "$results/$name" \
      --logger "trx;LogFileName=results.trx" --logger "console;verbosity=minimal" \
      --blame-hang --blame-hang-timeout 10m --blame-hang-dump-type none "$@" </dev/null || status=$?
    counts=$(sed -n 's/.*<Counters total="\([0-9]*\)" executed="\([0-9]*\)" passed="\([0-9]*\)" failed="\([0-9]*\)".*/\1 \2 \3 \4/p' \
      "$results/$name/results.trx" 2>/dev/null || true)
    if [[ -n $counts ]]; then
      local total executed ok bad
      read -r total executed ok bad <<<"$counts"
      passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + total - executed))
      # A crash after the last test, or a run that was cut off, leaves no failed test behind.
      if ((status != 0 && bad == 0)); then
        say "$name ended with exit code $status without a failed test: counted as one failure"
        failed=$((failed + 1))
      fi
    elif ((status != 0)); then
      say "$name ended with exit code $status without results: counted as one failure"
      failed=$((failed + 1))
    fi
  done
  if ((skipped > 0)); then
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  else
    printf '%d passed, %d failed\n' "$passed" "$failed"
  fi
  ((failed == 0 && passed > 0))
}
