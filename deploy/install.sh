#!/bin/sh
# Lays out a checkout that `npm run build` has built as Debian does, for a package or a host with systemd: install.sh [folder]
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
root=${1:-${DESTDIR:-}}
case $(uname -m) in
  x86_64) target=x86_64-unknown-linux-gnu ;;
  aarch64) target=aarch64-unknown-linux-gnu ;;
  *) echo "install.sh: Temporal's library is not made for $(uname -m)" >&2; exit 1 ;;
esac
[ -f "$source/dist/cli/main.js" ] || { echo "install.sh: run npm run build first" >&2; exit 1; }

umask 022
lib=$root/usr/lib/knowngood
doc=$root/usr/share/doc/knowngood

echo "copying the program"
rm -rf "$lib"
mkdir -p "$lib" "$doc" "$root/usr/bin"
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
ln -sf ../lib/knowngood/dist/cli/main.js "$root/usr/bin/knowngood"
chmod 755 "$lib/dist/cli/main.js"
chmod -R u=rwX,go=rX "$lib"

put() { install -D -m 0644 "$source/deploy/$1" "$root/$2"; }
for unit in knowngood-agent@ knowngood-codec knowngood-probe@ knowngood-worker; do
  put "systemd/$unit.service" "usr/lib/systemd/system/$unit.service"
done
put sysusers.d/knowngood.conf usr/lib/sysusers.d/knowngood.conf
put tmpfiles.d/knowngood.conf usr/lib/tmpfiles.d/knowngood.conf
put polkit/50-knowngood.rules usr/share/polkit-1/rules.d/50-knowngood.rules
# What somebody has changed stays.
[ -e "$root/etc/default/knowngood" ] || put default/knowngood etc/default/knowngood
mkdir -p "$root/etc/knowngood/agents"
cp -r "$source/docs/." "$source/README.md" "$source/CHANGELOG.md" "$source/examples" "$doc/"
cp "$source/LICENSE" "$doc/copyright"
chmod -R u=rwX,go=rX "$doc"
[ -n "$root" ] || echo "now: systemd-sysusers knowngood.conf && systemd-tmpfiles --create knowngood.conf && systemctl daemon-reload"
