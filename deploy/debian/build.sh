#!/bin/sh
# Builds knowngood_<version>_<architecture>.deb from a checkout that `npm run build` has built: build.sh [folder for it]
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
into=$(realpath "${1:-.}")
version=$(node -p 'require(process.argv[1]).version' "$source/package.json")
architecture=$(dpkg --print-architecture)

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
"$source/deploy/install.sh" "$stage"

mkdir "$stage/DEBIAN"
cp "$source/deploy/debian/postinst" "$source/deploy/debian/prerm" "$source/deploy/debian/postrm" "$stage/DEBIAN/"
chmod 755 "$stage"/DEBIAN/*
echo /etc/default/knowngood >"$stage/DEBIAN/conffiles"
{
  sed -e "s/@version@/$version/" -e "s/@architecture@/$architecture/" "$source/deploy/debian/control"
  echo "Installed-Size: $(du -sk "$stage" | cut -f 1)"
} >"$stage/DEBIAN/control"
echo "packing"
# Level 1: a third larger, and made in a tenth of the time.
dpkg-deb --root-owner-group -Zxz -z1 --build "$stage" "$into/knowngood_${version}_${architecture}.deb"
