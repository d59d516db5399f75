#!/bin/sh
# Lists the modules that the programs, their tests and the tools of deploy are made of with the licence of each, and fails when one has none
# that allows it: only licences that let anybody use, change and pass on the whole, and ask for no more than their text and notices. MPL-2.0
# asks for the source of the files that are under it, which are public and unchanged here.
set -eu

classify() {
	case "$1" in
	*"Apache License"*"Version 2.0"*) echo Apache-2.0 ;;
	*"Mozilla Public License"*) echo MPL-2.0 ;;
	*"Permission is hereby granted, free of charge"*) echo MIT ;;
	*"Redistribution and use in source and binary forms"*) echo BSD ;;
	*"Permission to use, copy, modify, and"*) echo ISC ;;
	*"public domain"*) echo public-domain ;;
	esac
}

bad=0
modules_of() { go list -deps -test -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' "$@"; }

here=$(cd "$(dirname "$0")/.." && pwd)
modules=$(modules_of "$@")
for tool in images check; do # modules of their own outside the workspace
	more=$(cd "$here/deploy/$tool" && GOWORK=off modules_of .)
	[ -n "$more" ] || { echo "no modules found of deploy/$tool"; exit 1; }
	modules=$(printf '%s\n%s' "$modules" "$more")
done
modules=$(printf '%s\n' "$modules" | sort -u)
[ -n "$modules" ] || { echo "no modules found"; exit 1; }
while read -r path dir; do
	[ -n "$path" ] || continue
	licence=
	for file in "$dir"/LICENSE* "$dir"/LICENCE* "$dir"/COPYING* "$dir"/License* "$dir"/license*; do
		[ -f "$file" ] && licence=$(classify "$(head -c 4000 "$file" | tr '\n' ' ' | tr -s ' ')") && [ -n "$licence" ] && break
	done
	if [ -z "$licence" ]; then
		echo "$path: no licence that is known to allow its use. Read it, and take the module out or teach $0 about it"
		bad=1
	else
		printf '%-12s %s\n' "$licence" "$path"
	fi
done <<EOF
$modules
EOF
exit $bad
