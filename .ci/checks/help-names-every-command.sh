# The launcher's help is a text of its own, so that it is there before anything is built: every command of the program must be in it.
set -euo pipefail
./tokenstream setup
commands=$(dotnet src/TokenStream.Service/bin/Release/net10.0/TokenStream.Service.dll --help | sed -n '/^Commands:/,$ s/^  \([a-z][a-z-]*\).*/\1/p')
[[ -n $commands ]]
help=$(./tokenstream --help)
for command in $commands; do
  grep -qE "^  $command( |$)" <<<"$help" || { echo "'$command' is missing in help.txt"; exit 1; }
done
