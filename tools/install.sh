#!/bin/sh
# Puts the pinned tools into bin/. With names as arguments, only those. buf comes as a binary, from package-lock.json; the
# others are built from go.mod. (npm ci would want every system's binary in the lock file; some registries have only this one's.)
set -eu
cd "$(dirname "$0")"
all="buf golangci-lint protoc-gen-go protoc-gen-go-grpc gotestsum"
for tool in ${*:-$all}; do
	target=../bin/$tool
	pin=go.mod
	[ "$tool" = buf ] && pin=package-lock.json
	if [ -x "$target" ] && [ ! "$pin" -nt "$target" ]; then
		continue
	fi
	mkdir -p ../bin
	if [ "$tool" = buf ]; then
		command -v npm >/dev/null || { echo "npm is not installed: buf comes with it"; exit 1; }
		npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
		ln -sf ../tools/node_modules/.bin/buf "$target"
		touch node_modules/.bin/buf
		continue
	fi
	echo "building $tool (pinned in tools/go.mod)"
	path=$(grep -E "^[[:space:]]+[^ ]+/$tool\$" go.mod | head -n 1 | tr -d '[:space:]')
	[ "$tool" = gotestsum ] && path=gotest.tools/gotestsum
	GOWORK=off go build -o "$target" "$path"
	touch "$target"
done
