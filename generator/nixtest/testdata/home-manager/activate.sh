#!/usr/bin/env bash
# A stand-in for home-manager's activation script, written for quick-deploy's tests. The
# generation that it makes in $XDG_STATE_HOME/nix/profiles/home-manager is a real one.
#
# $QUICK_DEPLOY_TEST_ROOT/test/fail/home, if there, holds an exit status: the activation
# fails with it after the generation has become the current one, as the real one may. A
# pattern on its second line limits that to a generation whose etc/configuration.json has it.
set -eu -o pipefail
username=
generation=

run() {
  if [ "${1:-}" = --quiet ] || [ "${1:-}" = --silence ]; then shift; fi
  if [ -n "${DRY_RUN:-}" ]; then echo "$@"; else "$@"; fi
}
verboseEcho() { if [ -n "${VERBOSE:-}" ]; then echo "$@"; fi; }
warnEcho() { echo "$@" >&2; }
errorEcho() { echo "$@" >&2; }
finish() {
  local fail
  fail=${QUICK_DEPLOY_TEST_ROOT:-/nonexistent}/test/fail/home
  if [ -f "$fail" ]; then
    local code='' pattern=''
    { read -r code; read -r pattern; } < "$fail" || true
    if [ -z "$pattern" ] || grep -qF -- "$pattern" "$generation/etc/configuration.json"; then
      echo "failed because the test said so" >&2
      exit "$code"
    fi
  fi
}

echo "Starting Home Manager activation"
if [ "${USER:-}" != "$username" ]; then
  echo "Error: USER is set to \"${USER:-}\" but we expect \"$username\"" >&2
  exit 1
fi
state=${XDG_STATE_HOME:-$HOME/.local/state}
profile=$state/nix/profiles/home-manager
roots=$state/home-manager/gcroots
old=
if [ -e "$profile" ]; then old=$(readlink -f "$profile"); fi

ours() { [ -L "$1" ] && [[ $(readlink "$1") == */home-files/* ]]; }
list() { (cd "$1/home-files" && find . \( -type l -o -type f \) | sed 's,^\./,,' | LC_ALL=C sort); }

echo "Activating checkLinkTargets"
collision=
while IFS= read -r file; do
  target=$HOME/$file
  if [ -e "$target" ] || [ -L "$target" ]; then
    ours "$target" && continue
    if [ -z "${HOME_MANAGER_BACKUP_EXT:-}" ]; then
      echo "Existing file '$target' would be clobbered" >&2
      collision=1
    elif [ -e "$target.$HOME_MANAGER_BACKUP_EXT" ]; then
      echo "Existing file '$target.$HOME_MANAGER_BACKUP_EXT' would be clobbered by backing up '$target'" >&2
      collision=1
    fi
  fi
done < <(list "$generation")
if [ -n "$collision" ]; then
  echo "Please do one of the following: move or remove the above files and try again, or use 'home-manager switch -b backup'" >&2
  exit 1
fi

echo "Activating writeBoundary"
if [ -n "${DRY_RUN:-}" ]; then
  finish
  exit 0
fi

echo "Activating linkGeneration"
mkdir -p "${profile%/*}" "$roots"
if [ "$old" != "$generation" ]; then
  echo "Creating new profile generation"
  nix-env --profile "$profile" --set "$generation"
else
  echo "No change so reusing latest profile generation"
fi
if [ -n "$old" ]; then
  while IFS= read -r file; do
    if [ ! -e "$generation/home-files/$file" ] && ours "$HOME/$file"; then rm "$HOME/$file"; fi
  done < <(list "$old")
fi
while IFS= read -r file; do
  target=$HOME/$file
  mkdir -p "${target%/*}"
  if { [ -e "$target" ] || [ -L "$target" ]; } && ! ours "$target"; then
    mv "$target" "$target.$HOME_MANAGER_BACKUP_EXT"
  fi
  ln -sfn "$generation/home-files/$file" "$target"
done < <(list "$generation")

