#!/usr/bin/env bash
# A stand-in for NixOS's switch-to-configuration, written for quick-deploy's tests. It acts on
# the machine below $QUICK_DEPLOY_TEST_ROOT only: it writes down what it was asked to do, and
# fails where the test says so.
#
#   run/current-system     what runs: switch and test move it
#   boot/default           what boots next: switch and boot move it
#   test/log               one line a call: verb, store path
#   test/fail/VERB         exit status, and optionally a pattern that must occur in the
#                          system's etc/configuration.json
set -eu
verb=${1:-}
toplevel=$(cd "$(dirname "$0")/.." && pwd -P)
root=${QUICK_DEPLOY_TEST_ROOT:?refusing to act on the real machine}

case $verb in
switch | boot | test | dry-activate | check) ;;
*)
  echo "Usage: switch-to-configuration [switch|boot|test|dry-activate|check]" >&2
  exit 1
  ;;
esac

mkdir -p "$root/run" "$root/boot" "$root/test"
printf '%s %s\n' "$verb" "$toplevel" >> "$root/test/log"

fail=
if [ -f "$root/test/fail/$verb" ]; then
  pattern=
  { read -r fail; read -r pattern; } < "$root/test/fail/$verb" || true
  if [ -n "$pattern" ] && ! grep -qF -- "$pattern" "$toplevel/etc/configuration.json"; then fail=; fi
fi
# Like the real one: what goes wrong before the switch stops it, a unit that does not start does not.
case $fail in
1) echo "Pre-switch check failed" >&2; exit 1 ;;
11) echo "Could not acquire lock" >&2; exit 11 ;;
esac

case $verb in
switch | boot)
  echo "updating the boot loader..." >&2
  ln -sfn "$toplevel" "$root/boot/default"
  ;;
esac
case $verb in
switch | test)
  echo "activating the configuration..." >&2
  ln -sfn "$toplevel" "$root/run/current-system"
  ;;
dry-activate) echo "would activate the configuration..." >&2 ;;
esac

case $fail in
'') ;;
2) echo "Activation script snippet 'users' failed (1)" >&2 ;;
4) echo "warning: the following units failed: nginx.service" >&2 ;;
100) echo "the init interface has changed, please reboot" >&2 ;;
*) echo "failed because the test said so" >&2 ;;
esac
exit "${fail:-0}"
