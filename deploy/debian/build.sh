#!/bin/sh
# Builds knowngood_<version>_<architecture>.deb from a checkout that `npm run build` has built: build.sh [folder for it]
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
into=$(realpath "${1:-.}")
version=$(node -p 'require(process.argv[1]).version' "$source/package.json")
architecture=$(dpkg --print-architecture)
case $architecture in
  amd64) target=x86_64-unknown-linux-gnu ;;
  arm64) target=aarch64-unknown-linux-gnu ;;
  *) echo "build.sh: Temporal's library is not made for $architecture" >&2; exit 1 ;;
esac
[ -f "$source/dist/cli/main.js" ] || { echo "build.sh: run npm run build first" >&2; exit 1; }

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
umask 022
lib=$stage/usr/lib/knowngood
doc=$stage/usr/share/doc/knowngood
units=$stage/usr/lib/systemd/system

echo "copying the program"
mkdir -p "$lib" "$doc" "$units" "$stage/usr/bin" "$stage/usr/lib/sysusers.d" "$stage/usr/share/polkit-1/rules.d" \
  "$stage/etc/knowngood/agents" "$stage/DEBIAN"
cp -a "$source/dist" "$source/node_modules" "$source/schemas" "$lib/"
# From these `knowngood up` builds Temporal where there is none.
mkdir -p "$lib/worker/stack"
cp -r "$source/worker/stack/go" "$lib/worker/stack/"
cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$source/LICENSE" "$lib/"
echo "leaving out what only building and testing need"
(cd "$lib" && npm prune --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
rm "$lib/package-lock.json" "$lib/.npmrc"
rm -rf "$lib/dist/bench" "$lib/dist/test" "$lib/dist/.stamp"
for release in "$lib"/node_modules/@temporalio/core-bridge/releases/*; do
  [ "$(basename "$release")" = "$target" ] || rm -rf "$release"
done
ln -s ../lib/knowngood/dist/cli/main.js "$stage/usr/bin/knowngood"
chmod 755 "$lib/dist/cli/main.js"

cp "$source"/deploy/systemd/*.service "$units/"
cp "$source/deploy/sysusers.d/knowngood.conf" "$stage/usr/lib/sysusers.d/"
cp "$source/deploy/polkit/50-knowngood.rules" "$stage/usr/share/polkit-1/rules.d/"
cp -r "$source/docs/." "$source/README.md" "$source/CHANGELOG.md" "$source/examples" "$doc/"
cp "$source/LICENSE" "$doc/copyright"
cp "$source/deploy/debian/postinst" "$source/deploy/debian/prerm" "$source/deploy/debian/postrm" "$stage/DEBIAN/"
chmod 755 "$stage"/DEBIAN/*
chown -R root:root "$stage" 2>/dev/null || true
chmod -R u=rwX,go=rX "$stage/usr" "$stage/etc"

{
  sed -e "s/@version@/$version/" -e "s/@architecture@/$architecture/" "$source/deploy/debian/control"
  echo "Installed-Size: $(du -sk "$stage" | cut -f 1)"
} >"$stage/DEBIAN/control"
echo "packing"
dpkg-deb --root-owner-group --build "$stage" "$into/knowngood_${version}_${architecture}.deb"
