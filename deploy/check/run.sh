#!/bin/sh
# run.sh tests the manifests of deploy. With the API server that `run.sh server` builds once, they are applied to it too. What is built is kept
# in EUPAY_CHECK_CACHE, by default in the user's cache folder.
set -eu
cd "$(dirname "$0")"
export GOWORK=off CGO_ENABLED=0
: "${GOFLAGS:=-gcflags=all=-dwarf=false -ldflags=-s}" # as in the Makefile: what one compiles the other uses
export GOFLAGS
cache=${EUPAY_CHECK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/eupay/check}
version=$({ go env GOVERSION GOOS GOARCH; cat go.mod go.sum apiserver/*.go; } | cksum | tr -d ' ')
server=$cache/apiserver-$version

if [ "${1-}" = server ] && ! [ -x "$server" ]; then
	echo "Building the API server of Kubernetes: minutes, once…"
	mkdir -p "$cache"
	go build -o "$server.$$" ./apiserver
	mv "$server.$$" "$server"
fi
if [ -x "$server" ]; then
	EUPAY_APISERVER=$server
	export EUPAY_APISERVER
else
	echo "NOT CHECKED by a real API server, only by the kinds' types and schemas: make check-deploy-server builds one"
fi
# Without vet, which would look at all of Kubernetes first.
exec go test -vet=off -count=1 -timeout 15m .
