#!/bin/sh
# Tests the packages that are named, or all but those of cmd/chaos. TESTFLAGS has more flags for `go test`.
set -eu
cd "$(dirname "$0")/.."

# What is tested without the race detector: packages that compute and start no goroutine. It finds nothing there and makes them
# five to ten times as slow. They draw, calculate, sign, and read or write XML and PDF. Everything else is tested with it.
pure="./cmd/internal/firstrun ./cmd/internal/manifests ./cmd/internal/pgbinaries ./cmd/internal/rundir ./cmd/internal/system
	./cmd/rules ./internal/bankday ./internal/reference ./internal/sheet ./internal/run/config ./internal/eventtype ./internal/ident ./internal/lifecycle ./internal/money
	./internal/paper/epc ./internal/paper/font ./internal/paper/logo ./internal/paper/pdf ./internal/paper/qrcode
	./internal/refuse ./internal/sepa ./internal/slip ./internal/vat ./internal/vault ./sandbox/bank/internal/iban ./sandbox/einvoicing/internal/cii
	./sandbox/einvoicing/internal/decimal ./sandbox/einvoicing/internal/document ./sandbox/einvoicing/internal/flux10
	./sandbox/einvoicing/internal/pdf ./sandbox/internal/page ./sandbox/internal/timetable ./services/einvoice/internal/cii ./services/einvoice/internal/ereport/flux10
	./services/einvoice/internal/facturx ./services/einvoice/internal/invoice ./services/gateway/internal/apidoc
	./services/gateway/internal/device ./services/gateway/internal/form ./services/gateway/internal/patience ./services/payments/internal/payment
	./services/payments/internal/settlement/match ./services/payments/internal/subscription/calendar
	./services/qr/internal/catalogfile ./services/qr/internal/render ./services/qr/internal/signed ./services/webhooks/internal/secret ./sdk/go/webhook"

long='/services/webhooks$|/qr/internal/table$|/services/gateway$|/einvoice/internal/ledger$|/cmd/eupay$|/payments/internal/engine$|/internal/run/consume$|/internal/run/boot$'

# run FLAG… PACKAGE…: links and runs the tests. make lint vets.
run() {
	# shellcheck disable=SC2086 # TESTFLAGS are several words
	./bin/gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg -- -vet=off ${TESTFLAGS:-} "$@"
}

# race is run with the race detector, which needs C.
race() { CGO_ENABLED=1 run -race "$@"; }

# shellcheck disable=SC2046,SC2086 # lists of packages
{
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	[ $# -gt 0 ] || set -- $(go list -m -f '{{.Dir}}/...')
	go list "$@" | grep -v '/cmd/chaos$' | sort >"$work/all" || true
	go list $pure | sort | comm -12 "$work/all" - >"$work/pure"
	grep -E '/cmd/(e2e|internal/stack)$' "$work/all" >"$work/system" || true
	sort "$work/pure" "$work/system" | comm -23 "$work/all" - >"$work/rest"
	# What takes longest begins first, so that it does not run alone at the end.
	{ grep -E "$long" "$work/rest"; grep -vE "$long" "$work/rest"; } >"$work/race" || true

	# Compiled first, so that tests share the machine with the linker alone. Packages, not programs: those would be linked for
	# nothing.
	go list -f '{{if and .GoFiles (ne .Name "main")}}{{.ImportPath}}{{end}}' $(cat "$work/all") >"$work/libraries"
	[ ! -s "$work/libraries" ] || CGO_ENABLED=1 ./tools/compile.sh /dev/null -race $(cat "$work/libraries")

	failed=0
	[ ! -s "$work/race" ] || race $(cat "$work/race") || failed=1
	[ ! -s "$work/pure" ] || run $(cat "$work/pure") || failed=1
	# Last and one after the other: a whole system wants the machine for itself.
	[ ! -s "$work/system" ] || race -p 1 -timeout 30m $(cat "$work/system") || failed=1
	exit $failed
}
