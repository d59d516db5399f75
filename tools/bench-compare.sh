#!/bin/sh
# bench-compare.sh BASE measures the commit BASE and this tree alternately with the same bench (BENCH_ONLY, BENCH_SECONDS), ROUNDS times, and
# prints this tree's figures in terms of BASE's.
set -eu
base=$1 rounds=${ROUNDS:-3}
case $rounds in
[1-9] | 1[0-9] | 20) ;;
*)
	echo "ROUNDS must be from 1 to 20" >&2
	exit 1
	;;
esac
at=$(git rev-parse --verify --quiet "$base^{commit}") || {
	why="is no commit of this repository"
	[ "$(git rev-parse --is-shallow-repository)" = false ] || why="is not in this clone, which is shallow: git fetch --unshallow brings it"
	echo "$base $why. BASE names the version to compare with: make bench-compare BASE=HEAD~1" >&2
	exit 1
}
# Paths are trimmed, so that what both versions have is compiled once.
work=$(mktemp -d)
trap 'git worktree remove --force "$work/tree" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
git worktree add --quiet --detach "$work/tree" "$at"
echo "Building $(git log -1 --format='%h, %s' "$at")" >&2
(cd "$work/tree" && go build -trimpath -o "$work/base" ./cmd/eupay-dev)
echo "Building this tree" >&2
go build -trimpath -o "$work/tree-now" ./cmd/eupay-dev
go build -trimpath -o "$work/bench" ./cmd/bench
set --
round=1
while [ "$round" -le "$rounds" ]; do
	for program in base tree-now; do
		echo "Round $round of $rounds: $program" >&2
		file="$work/$program-$round.json"
		BENCH_PROGRAM="$work/$program" BENCH_JSON="$file" BENCH_ONLY="${BENCH_ONLY:-create}" "$work/bench" >"$work/out" || {
			cat "$work/out" >&2
			exit 1
		}
		set -- "$@" "$file"
	done
	round=$((round + 1))
done
"$work/bench" "$@"
