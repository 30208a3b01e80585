# Starts a Debian as the run script of nixos-rebuild build-vm starts a NixOS: the same variables, the same options of
# QEMU in the same order (nixpkgs, nixos/modules/virtualisation/qemu-vm.nix, startVM). Two things are not the same: the
# processor is always emulated, and the disk is laid over one with the system, as with virtualisation.useBootLoader,
# because Debian's kernel for clouds has no 9p, by which NixOS shares the store. What writes this file puts "system",
# the folder with disk, kernel and initrd, and "parameters", of the kernel, before it.
set -e

NIX_DISK_IMAGE=$(readlink -f "${NIX_DISK_IMAGE:-./atlas.qcow2}") || test -z "$NIX_DISK_IMAGE"

if test -n "$NIX_DISK_IMAGE" && ! test -e "$NIX_DISK_IMAGE"; then
  echo "Disk image does not exist, creating the virtualisation disk image..."
  qemu-img create -q -f qcow2 -b "$system/disk" -F raw "$NIX_DISK_IMAGE"
  echo "Virtualisation disk image created."
fi

if [ -z "$TMPDIR" ] || [ -z "$USE_TMPDIR" ]; then
  TMPDIR=$(mktemp -d nix-vm.XXXXXXXXXX --tmpdir)
fi
mkdir -p "$TMPDIR/xchg"
cd "$TMPDIR"

# shellcheck disable=SC2086 # QEMU_OPTS is split, there as well
exec qemu-system-x86_64 -machine accel=tcg -cpu max \
  -name atlas \
  -m 512 \
  -smp 1 \
  -device virtio-rng-pci \
  -net nic,netdev=user.0,model=virtio -netdev user,id=user.0,"$QEMU_NET_OPTS" \
  -drive "cache=writeback,file=$NIX_DISK_IMAGE,id=drive1,if=none,index=1,werror=report" \
  -device virtio-blk-pci,bootindex=1,drive=drive1,serial=root \
  -device virtio-keyboard \
  -usb -device usb-tablet,bus=usb-bus.0 \
  -kernel "$system/kernel" \
  -initrd "$system/initrd" \
  -append "net.ifnames=0 mitigations=off $parameters console=ttyS0,115200n8 console=tty0 $QEMU_KERNEL_PARAMS" \
  $QEMU_OPTS \
  "$@"
