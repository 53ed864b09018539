# `--help` answers at once, in a checkout where nothing was built, and names the commands.
set -euo pipefail
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z tokenstream infra src/TokenStream.Service | xargs -0 cp --parents -t "$copy"
grep -q "^  up \[options\]" <<<"$("$copy/tokenstream" --help)"
[[ ! -e $copy/.tools ]]
