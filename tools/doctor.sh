#!/bin/sh
# doctor.sh says what keeps EU Pay from running on this machine, and what to do: one sentence for each problem. It ends with 1
# when there is one. doctor.sh --problems CHECK … makes only these checks and is silent about what is well.
set -u
cd "$(dirname "$0")/.." || exit 1
needed=$(sed -n 's/^go //p' go.work)
run=${EUPAY_RUN_DIR:-.run}
: "${POSTGRES_FOLDERS=/usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin}"
found=0
silent=''

well() { [ -n "$silent" ] || echo "ok       $*"; }

problem() {
	found=1
	if [ -n "$silent" ]; then echo "$*" >&2; else echo "PROBLEM  $*"; fi
}

# at_least HAVE NEED compares versions such as 1.26.0.
at_least() {
	awk -v have="$1" -v need="$2" 'BEGIN {
		split(have, h, "."); split(need, n, ".")
		for (i = 1; i <= 3; i++) if (h[i] + 0 != n[i] + 0) exit h[i] + 0 < n[i] + 0
	}'
}

check_go() {
	if ! command -v go >/dev/null; then
		problem "Go is not installed: install Go $needed or newer from https://go.dev/dl/ and put its bin folder into PATH."
		return
	fi
	version=$(go env GOVERSION 2>/dev/null) # an older Go downloads the one of go.work, where it may
	if at_least "${version#go}" "$needed"; then
		well "Go ${version#go}"
		return
	fi
	version=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null)
	problem "Go ${version#go} is too old and could not download Go $needed by itself: install Go $needed or newer from https://go.dev/dl/, or" \
		"run \`go env -w GOTOOLCHAIN=auto\` where there is a network."
}

check_compiler() {
	cc=$(go env CC 2>/dev/null)
	cc=${cc:-gcc}
	if command -v "${cc%% *}" >/dev/null; then
		well "C compiler ${cc%% *}"
	else
		problem "There is no C compiler (${cc%% *}), which only make test, make e2e and make chaos need, for the race detector: install one (Debian," \
			"Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install)."
	fi
}

# postgres_folders lists where server binaries may be: of packages, of the PATH, downloaded before.
postgres_folders() {
	# shellcheck disable=SC2086 # patterns
	printf '%s\n' $POSTGRES_FOLDERS "$run"/postgres-binaries/*/bin
	onpath=$(command -v postgres) && dirname "$(readlink -f "$onpath")"
}

# newest_postgres prints the newest major version, 0 when there is none.
newest_postgres() {
	postgres_folders | while IFS= read -r bin; do
		[ ! -x "$bin/initdb" ] || "$bin/postgres" --version 2>/dev/null
	done | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p' | sort -n | tail -n 1 | grep . || echo 0
}

# reachable: a server answers, whatever it says. Without curl and wget nobody knows, and the download itself will tell.
reachable() {
	if command -v curl >/dev/null; then
		curl -sS -o /dev/null -I --max-time 10 "$1" 2>/dev/null
	elif command -v wget >/dev/null; then
		wget -q --spider -T 10 -t 1 "$1" 2>/dev/null || [ $? -eq 8 ]
	fi
}

# package_repository prints the repository that the package which downloads names in its source.
package_repository() {
	dir=$(go list -m -f '{{.Dir}}' github.com/fergusstrange/embedded-postgres 2>/dev/null) || return 0
	sed -n 's/.*binaryRepositoryURL: *"\([^"]*\)".*/\1/p' "$dir/config.go" 2>/dev/null
}

check_postgres() {
	repository=${EUPAY_POSTGRES_REPOSITORY:-$(package_repository)}
	newest=$(newest_postgres)
	if [ -n "${EUPAY_DATABASE_URL:-}" ]; then
		well "PostgreSQL of EUPAY_DATABASE_URL"
	elif [ "$newest" -ge 15 ]; then
		well "PostgreSQL $newest"
	elif [ -z "$repository" ] || reachable "$repository/"; then
		well "PostgreSQL will be downloaded"
	else
		have="No PostgreSQL is installed"
		[ "$newest" -eq 0 ] || have="The installed PostgreSQL $newest is older than 15"
		problem "$have, and $repository does not answer: install PostgreSQL 15 or newer (Debian, Ubuntu: apt-get install postgresql; macOS:" \
			"brew install postgresql@17), or set EUPAY_DATABASE_URL to a server, or EUPAY_POSTGRES_REPOSITORY to a mirror of Maven Central."
	fi
}

# taken: somebody listens on the port, on loopback or everywhere.
taken() {
	if [ -r /proc/net/tcp ]; then
		cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
			awk -v port="$(printf '%04X' "$1")" '$4 == "0A" && $2 ~ "^(0100007F|0*):" port "$" {found = 1} END {exit !found}'
	else
		lsof -nP "-iTCP:$1" -sTCP:LISTEN >/dev/null 2>&1
	fi
}

# holder names who listens on the port, as far as this user may know.
holder() {
	{
		ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*(("\([^"]*\)",pid=\([0-9]*\).*/\1 (process \2)/p'
		lsof -nP "-iTCP:$1" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 {print $1 " (process " $2 ")"}'
		echo "another program"
	} | head -n 1
}

# check_port SETTING PORT; 0 and nothing mean any free one.
check_port() {
	case $2 in
	'' | 0) ;;
	*[!0-9]*) problem "$1 is $2, which is not a port: set it to a number up to 65535, or to 0 for any free port." ;;
	*)
		if taken "$2"; then
			problem "Port $2 is taken by $(holder "$2"): stop it, or set $1 to another port (0: any free one)."
		else
			well "Port $2 is free"
		fi
		;;
	esac
}

check_ports() {
	check_port PORT "${PORT:-8080}"
	for name in POSTGRES NATS BANK BANK_MGMT INVOICING INVOICING_MGMT S3; do
		eval "check_port EUPAY_${name}_PORT \"\${EUPAY_${name}_PORT:-}\""
	done
}

# room FOLDER MEGABYTES WHAT ADVICE
room() {
	dir=$1
	while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
	free=$(df -Pk "$dir" | awk 'NR == 2 {print int($4 / 1024)}')
	if [ "${free:-0}" -ge "$2" ]; then
		well "$free MB free for $3 ($1)"
	else
		problem "The disk is full: only ${free:-0} MB are free for $3 ($1), EU Pay needs $2: remove something, or $4."
	fi
}

check_disk() {
	room "$run" 300 "the run folder" "set EUPAY_RUN_DIR to a folder elsewhere"
	cache=$(go env GOCACHE 2>/dev/null)
	[ -z "$cache" ] || room "$cache" 1000 "Go's build cache" "run \`go clean -cache\`, or set GOCACHE to a folder elsewhere"
	room "${TMPDIR:-/tmp}" 300 "temporary files" "set TMPDIR to a folder elsewhere"
}

if [ "${1:-}" = --problems ]; then
	silent=yes
	shift
else
	set -- go compiler postgres ports disk
fi
for check; do "check_$check"; done
exit "$found"
