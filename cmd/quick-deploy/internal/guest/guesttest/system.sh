# Makes the tree of a Debian, $1, the system that the tests start: services whose names are those of the catalogue, a
# closure with their units where NixOS has it, an initrd that loads one driver, and nothing else that takes time to
# boot.
set -e
cd "$1"

units=etc/systemd/system
mkdir -p $units/multi-user.target.wants nix/store/atlas/etc/systemd srv/grafana/api etc/systemd/system-generators
for unit in getty.target apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  e2scrub_reap.service systemd-timesyncd.service modprobe@efi_pstore.service modprobe@configfs.service \
  modprobe@drm.service modprobe@fuse.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount sys-fs-fuse-connections.mount sys-kernel-config.mount systemd-random-seed.service \
  systemd-journal-flush.service systemd-update-utmp.service; do
  ln -sfn /dev/null "$units/$unit"
done
for generator in usr/lib/systemd/system-generators/*; do
  case $generator in
  */systemd-debug-generator) ;; # reads systemd.wants= of the kernel's parameters
  *) ln -sfn /dev/null "etc/systemd/system-generators/${generator##*/}" ;;
  esac
done
rm -f etc/machine-id etc/hostname
echo 0123456789abcdef0123456789abcdef > etc/machine-id
echo atlas > etc/hostname
touch etc/.updated var/.updated

# The address that QEMU forwards to. The usual daemon for it takes 6 s to start.
cat > $units/network.service << 'END'
[Unit]
BindsTo=sys-subsystem-net-devices-eth0.device
After=sys-subsystem-net-devices-eth0.device
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=busybox ip address add 10.0.2.15/24 dev eth0
ExecStart=busybox ip link set eth0 up
END
# A page that is up a while after its unit, as real ones are, and that only the machine itself reaches. The way to it
# from outside is that of generator/vm.nix.
cat > $units/grafana.service << 'END'
[Service]
ExecStart=/bin/sh -c 'sleep 1; exec busybox httpd -f -p 127.0.0.1:3000 -h /srv/grafana'
END
cat > $units/throwaway-page-21000.socket << 'END'
[Socket]
ListenStream=0.0.0.0:21000
END
cat > $units/throwaway-page-21000.service << 'END'
[Unit]
Requires=throwaway-page-21000.socket
After=throwaway-page-21000.socket
[Service]
DynamicUser=true
ExecStart=/usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:3000
END
echo '{"database": "ok"}' > srv/grafana/api/health
# Started where the kernel's parameters say so.
cat > $units/redis.service << 'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo no memory >&2; exit 3'
END
for unit in network.service grafana.service throwaway-page-21000.socket; do
  ln -sfn "../$unit" "$units/multi-user.target.wants/$unit"
done
ln -sfn /etc/systemd/system nix/store/atlas/etc/systemd/system
echo 'L /run/current-system - - - - /nix/store/atlas' > etc/tmpfiles.d/current-system.conf

mkdir -p initrd/dev initrd/root
cp usr/bin/busybox initrd/busybox
usr/bin/busybox xzcat lib/modules/*/kernel/drivers/block/virtio_blk.ko.xz > initrd/virtio_blk.ko
cat > initrd/init << 'END'
#!/busybox sh
/busybox mount -t devtmpfs none /dev
/busybox insmod virtio_blk.ko
/busybox mount -t ext4 /dev/vda /root
exec /busybox switch_root /root /sbin/init
END
chmod +x initrd/init
chroot . sh -c 'cd /initrd && busybox find . | busybox cpio -o -H newc' > boot/initrd
rm -r initrd
