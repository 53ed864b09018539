# A user who may not install packages gets the exact command to run and an exit code that is not 0.
set -euo pipefail
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z tokenstream infra src/TokenStream.Service | xargs -0 cp --parents -t "$copy"
# A package that no Debian has: it is missing everywhere, and nothing can install it.
sed -i 's/^PACKAGES_RUN=(/&tokenstream-no-such-package /' "$copy/infra/setup/debian-packages.sh"
chmod -R a+rX "$copy"
chown -R nobody "$copy"
status=0
output=$(setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/nonexistent "$copy/tokenstream" up 2>&1) || status=$?
((status != 0))
grep -q 'apt-get update && apt-get install -y --no-install-recommends tokenstream-no-such-package' <<<"$output"
