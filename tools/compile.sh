#!/bin/sh
# compile.sh OUTPUT [BUILD FLAG …] PACKAGE … is `go build -o OUTPUT` that says what it is doing: on a terminal in one line that
# is rewritten, elsewhere in a line every few seconds. It is silent when there is nothing to do.
set -u
here=$(dirname "$0")
every=5

command -v go >/dev/null || exec "$here/doctor.sh" --problems go
output=$1
shift

tick() { while sleep 1; do echo "= tick"; done 2>/dev/null; }

# build writes what go says, a tick each second, and how it ended. -v names the packages that were not compiled yet.
build() {
	tick &
	ticker=$!
	go build -v -o "$output" "$@" 2>&1
	echo "= exit $?"
	kill "$ticker" 2>/dev/null
}

report() {
	if [ -t 2 ]; then
		printf '\r\033[K%.78s' "$doing, $seconds s" >&2
	elif [ "$seconds" -ge "$due" ]; then
		echo "$doing, $seconds s" >&2
		due=$((seconds + every))
	fi
}

clear_line() { [ ! -t 2 ] || printf '\r\033[K' >&2; }

# follow turns the lines of build into progress. What is neither a download nor a package is the compiler's own word.
follow() {
	doing='' packages=0 modules=0 seconds=0 due=0 begin=$(date +%s)
	while IFS= read -r line; do
		case $line in
		"= exit "*)
			clear_line
			[ "$packages" -eq 0 ] || [ "$line" != "= exit 0" ] || echo "Compiled in $(($(date +%s) - begin)) s." >&2
			return "${line#= exit }"
			;;
		"= tick") seconds=$(($(date +%s) - begin)) ;;
		"go: downloading "*)
			modules=$((modules + 1))
			doing="Downloading module $modules: ${line#go: downloading }"
			;;
		"" | *[!A-Za-z0-9._~+/-]*)
			clear_line
			printf '%s\n' "$line" >&2
			;;
		*)
			packages=$((packages + 1))
			[ "$packages" -ne 1 ] || total=$(go list -deps "$@" 2>/dev/null | grep -c .)
			doing="Compiling: $packages of at most $total packages"
			;;
		esac
		[ -z "$doing" ] || report
	done
	return 130 # interrupted
}

build "$@" | follow "$@"
status=$?
case $status in
0 | 130) ;;
*)
	checks="go disk"
	case " $* " in *" -race "*) checks="$checks compiler" ;; esac
	# shellcheck disable=SC2086 # a list
	"$here/doctor.sh" --problems $checks
	;;
esac
exit "$status"
