#!/bin/sh
# refresh.sh FILE: take in a pci.ids, such as that of the package hwdata or of
# https://pci-ids.ucw.cz/v2.2/pci.ids. Same input, same bytes.
set -eu
file=${1:?usage: refresh.sh FILE}
grep -q '^10de  NVIDIA' "$file" || {
  echo "refresh.sh: $file is no pci.ids" >&2
  exit 1
}
cd "$(dirname "$0")"
version=$(sed -n 's/^#[[:space:]]*Version: //p' "$file" | head -n 1)
# The head of the file, up to its first empty line, holds version and licence.
{ sed '/^$/q' "$file"; grep -v -e '^#' -e '^$' "$file"; } | gzip -9n >pci.ids.gz
sed -i "s/version [0-9.]*[0-9],/version $version,/" README.md
echo "pci.ids $version: $(wc -c <pci.ids.gz) bytes"
