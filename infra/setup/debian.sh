# Installs missing Debian packages. Sourced by ./tokenstream.
# shellcheck shell=bash

missing_packages() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] || printf '%s\n' "$package"
  done
}

# need_packages PACKAGE...  installs those that are missing, or prints the command that does and stops.
need_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null || die "these Debian packages are needed and this is not a Debian system: ${missing[*]}"

  local root=()
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
      root=(sudo)
    else
      say "Debian packages are missing and this user may not install them. As root, run:"
      printf '  apt-get update && apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2
      say "then start this command again."
      exit 1
    fi
  fi
  step "install Debian packages: ${missing[*]}" install_packages "${root[@]}" -- "${missing[@]}"
}

# install_packages [sudo] -- PACKAGE...
install_packages() {
  local root=()
  while [[ $1 != -- ]]; do
    root+=("$1")
    shift
  done
  shift
  # Some packages bring a service (clickhouse-server, prometheus). Only their programs are wanted: Debian asks policy-rc.d before it starts
  # a service, and 101 forbids it; one that stands already is left as it is.
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
    # shellcheck disable=SC2064
    trap "${root[*]} rm -f $policy" EXIT
  fi
  "${root[@]}" apt-get update
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  local package unit
  for package in "$@"; do
    for unit in $(dpkg-query -L "$package" 2>/dev/null | sed -n 's,.*/systemd/system/\([^/@]*\.service\)$,\1,p'); do
      if [[ -d /run/systemd/system ]]; then
        "${root[@]}" systemctl disable --now "$unit" || true
      fi
    done
  done
}
