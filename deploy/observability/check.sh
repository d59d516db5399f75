#!/bin/sh
# check.sh tests the rules with promtool: the one of this machine, or else Debian's, of which only this program is unpacked into
# EUPAY_CHECK_CACHE (by default in the user's cache folder): nothing is installed and nothing started.
set -eu
cd "$(dirname "$0")"
cache=${EUPAY_CHECK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/eupay/check}
promtool=$(command -v promtool || echo "$cache/promtool")

if ! [ -x "$promtool" ]; then
	if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
		echo "NOT CHECKED: promtool is not installed. It comes with Prometheus"
		[ "${CI:-}" != true ]
		exit
	fi
	echo "Fetching promtool (19 MB, once)…"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	cd "$work"
	apt-get -qq download prometheus 2>/dev/null || { apt-get -qq update && apt-get -qq download prometheus; }
	cd "$OLDPWD"
	mkdir -p "$cache"
	dpkg-deb --fsys-tarfile "$work"/prometheus_*.deb | tar -x -C "$work" ./usr/bin/promtool
	mv "$work/usr/bin/promtool" "$promtool"
fi
"$promtool" check rules rules/*.yaml
"$promtool" test rules tests/*.yaml
