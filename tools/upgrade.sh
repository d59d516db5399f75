#!/bin/sh
# upgrade.sh BASE builds the programs of the commit BASE, and upgrades a system of them to this tree and back under load (cmd/chaos).
set -eu
base=$1
at=$(git rev-parse --verify --quiet "$base^{commit}") || {
	why="is no commit of this repository"
	[ "$(git rev-parse --is-shallow-repository)" = false ] || why="is not in this clone, which is shallow: git fetch --unshallow brings it"
	echo "$base $why. BASE names the version to upgrade from: make upgrade-exercise BASE=HEAD~1" >&2
	exit 1
}
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
git worktree add --quiet --detach "$work/tree" "$at"
echo "Building the programs of $(git log -1 --format='%h, %s' "$at")" >&2
services="payments webhooks qr einvoice portal gateway"
(
	cd "$work/tree"
	# shellcheck disable=SC2046 # a list
	go build -o "$work/base/" $(for s in $services; do echo "./services/$s/cmd/$s"; done)
)
EUPAY_UPGRADE_BASE="$work/base" ./bin/gotestsum --format testname -- \
	-count=1 -timeout 30m -v -run '^TestNobodyNoticesAnUpgradeNorItsRollback$' ./cmd/chaos
