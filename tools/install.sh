#!/bin/sh
# Builds the pinned tools of tools/go.mod into bin/. With names as arguments, only those.
set -eu
cd "$(dirname "$0")"
all="buf golangci-lint protoc-gen-go protoc-gen-go-grpc gotestsum"
for tool in ${*:-$all}; do
	target=../bin/$tool
	if [ ! -x "$target" ] || [ go.mod -nt "$target" ]; then
		echo "building $tool (pinned in tools/go.mod)"
		path=$(grep -E "^[[:space:]]+[^ ]+/$tool\$" go.mod | head -n 1 | tr -d '[:space:]')
		[ "$tool" = gotestsum ] && path=gotest.tools/gotestsum
		GOWORK=off go build -o "$target" "$path"
		touch "$target"
	fi
done
