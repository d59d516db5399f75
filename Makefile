# EU Pay. `make` lists the targets. CI runs these targets too: .ci/run calls them.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The ten modules, as folders and as the package patterns that all of them have together.
MODULES  = $$(go list -m -f '{{.Dir}}')
PACKAGES = $$(go list -m -f '{{.Dir}}/...')
# Programs and tests are compiled without DWARF, which only debuggers read, and linked without symbols (-s), which no trace of ours
# needs: a fifth of the compiler's work and a third of the linker's. Without C, as in the images, there is less to compile. One
# setting for every command, so that all of them share what was compiled. For a debugger: make bin/eupay-dev GOFLAGS=
export GOFLAGS := $(shell go env GOFLAGS 2>/dev/null) -gcflags=all=-dwarf=false -ldflags=-s
export CGO_ENABLED := 0
# The race detector needs C.
RACE = CGO_ENABLED=1
# More flags for `go test`: make test TESTFLAGS='-run Refund -count=1'
TESTFLAGS ?=
# What `make test` tests; all but the tests that kill (make chaos) when it is empty: make test PKG=./services/payments/...
PKG ?=

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: bin/eupay-dev ## Run everything in one process on http://127.0.0.1:8080 (PORT=0: free ports)
	@exec ./bin/eupay-dev run

.PHONY: doctor
doctor: ## Report what prevents EU Pay from running on this machine, and what to do
	@./tools/doctor.sh

.PHONY: run-split
run-split: split-programs ## Run every service as a process of its own
	@exec ./bin/eupay-dev split

.PHONY: demo
demo: bin/eupay-dev ## Make one payment and receive its webhook, showing every step
	@exec ./bin/eupay-dev demo

.PHONY: test
test: bin/gotestsum bin/with-postgres ## Run all tests, with the race detector where there are goroutines, on a private PostgreSQL
	@TESTFLAGS='$(TESTFLAGS)' ./bin/with-postgres ./tools/test.sh $(PKG)

.PHONY: test-node
test-node: ## Build and test the package for Node that verifies webhooks (npm fetches what its tests need)
	@command -v npm >/dev/null || { echo "npm is not installed: it comes with Node, 18 or newer"; exit 1; }
	@cd services/webhooks/verify-node && npm ci --no-audit --no-fund && npm test

.PHONY: test-einvoice-rules
test-einvoice-rules: ## Run the official rules of e-invoices over our documents (EINVOICE_RULES_DIR: their folder; npm fetches the engine)
	@[ -n "$$EINVOICE_RULES_DIR" ] || { echo "NOT CHECKED: EINVOICE_RULES_DIR does not say where the official rules of e-invoices are"; exit 0; }; \
	command -v npm >/dev/null || { echo "npm is not installed: it comes with Node, 18 or newer"; exit 1; }; \
	(cd services/einvoice/internal/cii/schematron && npm ci --no-audit --no-fund) && \
	EINVOICE_SCHEMATRON=1 go test -vet=off -count=1 -v -run 'TheOfficialRules' ./services/einvoice/internal/cii

.PHONY: e2e
e2e: bin/with-postgres bin/gotestsum ## Run only the tests of the whole system
	@$(RACE) ./bin/with-postgres ./bin/gotestsum --format testname -- -race -count=1 -p 1 $(TESTFLAGS) ./cmd/...

# Where the pictures of `make screenshots` go.
SCREENSHOTS ?= screenshots

.PHONY: test-pages
test-pages: bin/with-postgres bin/gotestsum ## Examine every page in every look: axe, widths, policies (make test takes one look of each)
	@$(RACE) EUPAY_E2E_LOOKS=all ./bin/with-postgres ./bin/gotestsum --format testname -- -race -count=1 -run TestPortalEveryPageIsInOrder $(TESTFLAGS) ./cmd/e2e

.PHONY: screenshots
screenshots: bin/with-postgres ## Take a picture of every page (SCREENSHOTS=folder), in all widths, themes and languages
	@mkdir -p '$(SCREENSHOTS)' && EUPAY_E2E_SCREENSHOTS="$$(cd '$(SCREENSHOTS)' && pwd)" ./bin/with-postgres go test -count=1 -timeout 30m -run TestPortalPictures ./cmd/e2e
	@echo "The pictures are in $(SCREENSHOTS)/"

# With MINUTES, one long run of one fault after the other. SEED repeats the order of a run; REPORT is a file for what was measured.
MINUTES ?=
SEED ?=
REPORT ?=

.PHONY: chaos
chaos: export EUPAY_CHAOS_ROUNDS ?= 5
chaos: export EUPAY_CHAOS_READ_ONLY ?= 60s
ifneq ($(MINUTES),)
chaos: export EUPAY_CHAOS_MINUTES = $(MINUTES)
chaos: export EUPAY_CHAOS_SEED = $(SEED)
chaos: export EUPAY_CHAOS_REPORT = $(if $(REPORT),$(abspath $(REPORT)))
chaos:
	@go test -v -count=1 -timeout 11h -run '^TestChaosEverythingAtOnce$$' $(TESTFLAGS) ./cmd/chaos
else
chaos: bin/with-postgres bin/gotestsum ## Kill parts of the system under load, break its infrastructure, and compare all records (MINUTES=10: everything in one run)
	@$(RACE) ./bin/with-postgres ./bin/gotestsum --format testname -- -race -count=1 -timeout 90m $(TESTFLAGS) ./cmd/chaos
endif

# The version that `make upgrade-exercise` upgrades from.
BASE ?= HEAD~1

.PHONY: upgrade-exercise
upgrade-exercise: bin/gotestsum ## Upgrade a system of BASE's programs to this tree and back under load (BASE=HEAD~1), and compare all records
	@./tools/upgrade.sh '$(BASE)'

.PHONY: restore-exercise
restore-exercise: bin/with-postgres bin/gotestsum ## Restore a database to a point in time while the bank goes on, rebuild it, and compare all records
	@$(RACE) ./bin/with-postgres ./bin/gotestsum --format testname -- -race -count=1 -timeout 20m -run '^TestARestoredDatabaseIsRebuilt$$' $(TESTFLAGS) ./cmd/e2e

.PHONY: bench
bench: bin/bench bin/eupay-dev ## Measure the whole system against its targets (BENCH_SECONDS=2: briefly)
	@./bin/bench

.PHONY: bench-compare
bench-compare: ## Measure BASE and this tree alternately, and print the ratios (BASE=HEAD~1 ROUNDS=3 BENCH_ONLY=create)
	@./tools/bench-compare.sh '$(BASE)'

.PHONY: bench-replicas
bench-replicas: bin/bench split-programs ## Measure two replicas of each service, each with a core, against one
	@BENCH_ONLY=replicas ./bin/bench

# The packages that can be tested with a million payments.
BIG = $(addprefix ./,$(shell grep -rlE 'EUPAY_BIG|internal/kit/big"' --include='*_test.go' services internal cmd | xargs -n1 dirname | sort -u))

.PHONY: bench-big
bench-big: export EUPAY_BIG ?= 1
bench-big: bin/with-postgres ## Test and measure with a million payments: sizes, lists, creation, purges (EUPAY_BIG=0: with 20,000)
	@./bin/with-postgres go test -v -count=1 -p 1 -timeout 3h $(TESTFLAGS) $(or $(PKG),$(BIG))

.PHONY: bench-parts
bench-parts: bin/with-postgres ## Run the benchmarks of single packages
	@./bin/with-postgres go test -run '^$$' -bench . -benchmem $(TESTFLAGS) $(or $(PKG),$(PACKAGES))

# The linters and `make verify` read what the tests compiled, which is with the race detector: nothing is compiled for them alone.
.PHONY: lint
lint: bin/golangci-lint ## Check style, layers and likely mistakes
	@$(RACE) GOFLAGS="$$GOFLAGS -race" ./bin/golangci-lint run $(PACKAGES)

.PHONY: gen
gen: bin/buf bin/protoc-gen-go bin/protoc-gen-go-grpc ## Generate the Go code of proto/ again
	@cd proto && PATH="$(CURDIR)/bin:$$PATH" ../bin/buf lint && PATH="$(CURDIR)/bin:$$PATH" ../bin/buf generate

# The code is generated in a folder of its own: others may be compiling the tree meanwhile. `go list -export` compiles as `go build` does,
# and links no program.
.PHONY: verify
verify: bin/buf bin/protoc-gen-go bin/protoc-gen-go-grpc ## Check that generated code and go.mod files are up to date, each module builds alone, and every licence allows it
	@made=$$(mktemp -d) && trap 'rm -rf "$$made"' EXIT && cd proto && PATH="$(CURDIR)/bin:$$PATH" ../bin/buf generate -o "$$made" && \
		../bin/buf lint && diff -r -x '*.proto' eupay "$$made/eupay" \
		|| { echo "proto/: the generated code is not up to date: run make gen and commit it"; exit 1; }
	@for m in $(MODULES); do (cd "$$m" && GOWORK=off go mod tidy -diff && $(RACE) GOWORK=off go list -race -export ./... >/dev/null) \
		|| { echo "$$m: go.mod is not tidy or the module does not build alone: run make tidy"; exit 1; }; done
	@go work sync && git diff --exit-code -- '*go.mod' '*go.sum' ':!go.work.sum' \
		|| { echo "a module alone has other versions than those that ship: run make tidy and commit it"; exit 1; }
	@$(MAKE) --no-print-directory licences >/dev/null || { $(MAKE) --no-print-directory licences; exit 1; }
	@echo "generated code, go.mod files, single modules and licences are in order"

.PHONY: licences
licences: ## List the licences of all modules, and fail where one is not known to allow its use
	@./tools/licences.sh $(PACKAGES)

.PHONY: tidy
tidy: ## Bring every go.mod in order
	@go work sync
	@for m in $(MODULES); do (cd "$$m" && GOWORK=off go mod tidy) || exit 1; done

.PHONY: build
build: ## Build every program into bin/
	@mkdir -p bin && ./tools/compile.sh bin/ $(PACKAGES)

.PHONY: clean
clean: ## Remove what was built (the state in .run/ stays)
	@rm -rf bin coverage.out

# go build decides whether there is anything to do, so these run each time.
.PHONY: bin/bench bin/eupay bin/eupay-dev bin/eupayctl bin/with-postgres split-programs
bin/bench bin/eupay bin/eupay-dev bin/eupayctl bin/with-postgres:
	@./tools/compile.sh $@ ./cmd/$(@F)
split-programs:
	@mkdir -p bin && ./tools/compile.sh bin/ ./cmd/eupay-dev ./sandbox/cmd/eupay-sandbox \
		./services/payments/cmd/payments ./services/webhooks/cmd/webhooks ./services/qr/cmd/qr \
		./services/einvoice/cmd/einvoice ./services/portal/cmd/portal ./services/gateway/cmd/gateway

bin/buf bin/golangci-lint bin/gotestsum bin/protoc-gen-go bin/protoc-gen-go-grpc: tools/go.mod tools/go.sum tools/package-lock.json
	@./tools/install.sh $(@F)

# The version of `make images`, which is their tag. Empty: the commit.
VERSION ?=
# The folder of the images.
IMAGES ?= bin/images

.PHONY: images
images: ## Build the reproducible images of all services, with their parts lists and provenance (VERSION=1.2.3, IMAGES=folder)
	@mkdir -p bin && cd deploy/images && GOWORK=off go build -o ../../bin/build-images . && cd ../.. && ./bin/build-images -out '$(IMAGES)' -version '$(VERSION)'

.PHONY: check-images
check-images: ## Check that an image is the same wherever it is built, is valid and runs (the first run compiles for minutes)
	@cd deploy/images && GOWORK=off go test -count=1 -timeout 30m .

.PHONY: cluster
cluster: ## Run everything in a Kubernetes cluster on this machine (Docker, and kind or k3d)
	@./deploy/cluster.sh

.PHONY: check-deploy
check-deploy: ## Check the cluster's manifests: strict decoding, policies, and a real API server where one was built
	@./deploy/check/run.sh

.PHONY: check-alerts
check-alerts: ## Test the rules of Prometheus with promtool (fetched once where it is missing)
	@./deploy/observability/check.sh

.PHONY: check-deploy-server
check-deploy-server: ## Build the API server that the manifests are applied to (once, minutes), and check them with it
	@./deploy/check/run.sh server
