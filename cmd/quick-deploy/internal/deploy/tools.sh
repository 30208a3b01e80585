#!/bin/sh
# Says which programs of this machine can build and activate, a line each: what it is, and its path.
# The arguments are homes, built ones or links to them.

# The folder is printed without links, since /run/current-system leads elsewhere after a switch. The
# program itself may be a link: nix-env is nix by another name.
find_program() {
  program=$(command -v "$1") || return
  folder=${program%/*}
  case $program in /*) printf '%s %s\n' "$1" "$(cd -P "${folder:-/}" && pwd)/$1" ;; esac
}

find_program nix-env
find_program nixos-rebuild
# A word that is no verb has nixos-rebuild print its options and end, before it reads or runs
# anything; --help would open the manual.
usage=$(nixos-rebuild usage < /dev/null 2>&1)
case $usage in *--store-path*) echo store-path ;; esac
# The shell one (to NixOS 25.05) prints no options: its text has them.
for verb in build-vm build-image; do
  case $usage in
  *"[{"*"$verb"*) printf 'verb %s\n' "$verb" ;;
  *) if grep -qe "$verb" "$(command -v nixos-rebuild)" 2> /dev/null; then printf 'verb %s\n' "$verb"; fi ;;
  esac
done
for home in "$@"; do
  if [ -x "$home/home-path/bin/home-manager" ]; then printf 'home-manager %s\n' "$home"; fi
  if [ -e "$home/gen-version" ]; then printf 'gen-version %s\n' "$home"; fi
done
