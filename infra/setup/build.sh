# Building, and what must be there before. Sourced by ./tokenstream.
# shellcheck shell=bash

SERVICE_PROJECT=src/TokenStream.Service/TokenStream.Service.csproj
SERVICE=src/TokenStream.Service/bin/Release/net10.0/TokenStream.Service.dll

need_dotnet() {
  command -v dotnet >/dev/null || die "the .NET 10 SDK is needed and was not found: https://dot.net/download says how to install it"
  # Asked here, in the repository, so that global.json has its say.
  dotnet --version >/dev/null 2>&1 || die "no .NET SDK here satisfies global.json: install the .NET 10 SDK"
}

# One set-up at a time in one checkout; the lock is given back before the program starts. It is unlocked by name, and every step closes its
# copy: the build servers that dotnet leaves behind would hold it for minutes.
locked() {
  mkdir -p "$TOOLS"
  exec 9>"$TOOLS/lock"
  if ! flock -n 9; then
    say "another start is setting up this checkout; waiting for it"
    flock 9
  fi
  "$@"
  flock -u 9
  exec 9>&-
}

need_program() {
  need_packages "${PACKAGES_RUN[@]}"
  need_npm chdb infra/native/chdb "$TOOLS/chdb" "$ENGINE"
  need_build service "$SERVICE_PROJECT" "$SERVICE" src
}

need_tests() {
  local packages=("${PACKAGES_RUN[@]}" "${PACKAGES_TEST[@]}")
  if [[ -n ${TOKENSTREAM_KAFKA_HOME:-} ]]; then packages+=("${PACKAGES_KAFKA[@]}"); fi
  need_packages "${packages[@]}"
  need_npm chdb infra/native/chdb "$TOOLS/chdb" "$ENGINE"
  need_npm clients tests/clients tests/clients node_modules/kafkajs/package.json
  need_build all TokenStream.sln "$SERVICE" src tests load-tests
  stamp build-service "$(sources_hash src)"
}

# need_build NAME PROJECT RESULT SOURCE_FOLDER...
need_build() {
  local name=$1 project=$2 result=$3 inputs
  shift 3
  inputs=$(sources_hash "$@")
  if stamped "build-$name" "$inputs" && [[ -e $result ]]; then return; fi
  need_dotnet
  restore "$project"
  step "build $project, Release" dotnet build "$project" -c Release --no-restore --nologo -v quiet
  # The restore may have put a package into the local feed: it belongs to the inputs of the next start.
  stamp "build-$name" "$(sources_hash "$@")"
}
