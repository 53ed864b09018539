# The two native libraries: ClickHouse's engine from npm, librdkafka from the package feed or built from source. Sourced by ./tokenstream.
# shellcheck shell=bash

ENGINE=node_modules/@chdb/lib-linux-x64-gnu/libchdb.so
REDIST=packages/librdkafka.redist.2.15.1.nupkg

# need_npm NAME FOLDER TARGET FILE  installs the npm packages that FOLDER pins into TARGET, unless TARGET/FILE is there from the same lock.
need_npm() {
  local name=$1 folder=$2 target=$3 file=$3/$4 inputs
  inputs=$(hash_of "$folder/package.json" "$folder/package-lock.json")
  if stamped "npm-$name" "$inputs" && [[ -e $file ]]; then return; fi
  command -v npm >/dev/null || die "npm is needed and was not found: install Node.js with npm (Debian: apt-get install -y npm)"
  step "fetch npm packages for $name" fetch_npm "$folder" "$target"
  [[ -e $file ]] || die "npm installed the packages of $folder, but $file is not among them"
  stamp "npm-$name" "$inputs"
}

fetch_npm() {
  if [[ $1 != "$2" ]]; then
    rm -rf "$2"
    mkdir -p "$2"
    cp "$1/package.json" "$1/package-lock.json" "$2/"
  fi
  cd "$2"
  npm ci --ignore-scripts --no-audit --no-fund
}

# restore PROJECT  restores NuGet packages. Where no feed has librdkafka.redist, builds it into the local feed and restores again.
restore() {
  local log=$TOOLS/logs/restore.log start
  start=$(date +%s)
  mkdir -p "$TOOLS/logs"
  say "restore NuGet packages .."
  if ! dotnet restore "$1" >"$log" 2>&1 </dev/null 9>&-; then
    if ! grep -E 'NU110[1-3]' "$log" | grep -q 'librdkafka\.redist'; then
      tail -n 20 "$log" >&2
      die "restoring NuGet packages failed; the whole output is in $log"
    fi
    say "no package feed has librdkafka.redist 2.15.1, the Kafka client's native half: it is built from source, about a minute"
    need_packages "${PACKAGES_NATIVE[@]}"
    need_npm librdkafka infra/native/librdkafka "$TOOLS/librdkafka" node_modules/@confluentinc/kafka-javascript/deps/librdkafka/configure
    step 'build librdkafka 2.15.1' build_librdkafka
    step 'restore NuGet packages again' dotnet restore "$1"
  fi
  say "restore NuGet packages: $(($(date +%s) - start)) s"
}

build_librdkafka() {
  local source=$TOOLS/librdkafka/node_modules/@confluentinc/kafka-javascript/deps/librdkafka
  local target=$PWD/$REDIST
  cd "$source"
  bash ./configure --disable-gssapi --disable-lz4-ext --disable-curl --disable-debug-symbols
  # configure leaves out silently what it does not find; a client without TLS or zstd would fail at the user's site.
  grep -E 'BUILT_WITH.*SSL.*ZSTD' Makefile.config
  make -C src -j"$(nproc)" librdkafka.so.1
  strip --strip-unneeded src/librdkafka.so.1
  python3 "$ROOT/infra/native/librdkafka/pack.py" "$source" "$target"
}
