# Makes the tree of a Debian, $1, the system that the tests start: services whose names are those of the catalogue, a
# closure with their units where NixOS has it, and nothing else that takes time to boot.
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

cat > etc/systemd/network/user.network << 'END'
[Match]
Name=e*
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
END
# A page that is up a while after its unit, as real ones are.
cat > $units/grafana.service << 'END'
[Service]
ExecStart=/bin/sh -c 'sleep 1; exec busybox httpd -f -p 3000 -h /srv/grafana'
END
echo '{"database": "ok"}' > srv/grafana/api/health
# Started where the kernel's parameters say so.
cat > $units/redis.service << 'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo no memory >&2; exit 3'
END
ln -sfn /usr/lib/systemd/system/systemd-networkd.service $units/multi-user.target.wants/systemd-networkd.service
ln -sfn ../grafana.service $units/multi-user.target.wants/grafana.service
ln -sfn /etc/systemd/system nix/store/atlas/etc/systemd/system
echo 'L /run/current-system - - - - /nix/store/atlas' > etc/tmpfiles.d/current-system.conf
