# Bare `make` says what can be done here.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# One static binary; only the race detector needs C.
export CGO_ENABLED ?= 0

TEMPL := go run github.com/a-h/templ/cmd/templ@v0.3.1020

# Each folder with a go.mod is a module of its own, and `make test` runs them all.
MODULES := . $(patsubst %/go.mod,%,$(wildcard e2e/go.mod clients/go/go.mod))

# Floors 0 to 2 and the edge: what the race detector goes over.
RACE_ROOMS := $(wildcard internal money ledger person program customer affiliate link coupon click fraud \
                         referral payment commission payout flow track)

.PHONY: help
help: ## say what can be done here
	@echo "Tributary. Start with: make run, or make demo"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## start the server with its data in ./data
	@exec ./bin/tributary serve

.PHONY: demo
demo: build ## start it with a sample program and a sample merchant's site
	@exec ./bin/tributary demo

.PHONY: build
build: assets ## build ./bin/tributary, one static binary
	go build -trimpath -o bin/tributary ./cmd/tributary

.PHONY: test
test: assets bin/pg ## run every test, on SQLite and on a PostgreSQL that is started for it
	@./bin/pg -- $(MAKE) --no-print-directory check

# All modules are run even when one fails, so that one run shows all that is broken.
.PHONY: check
check:
	@code=0; for module in $(MODULES); do \
		echo "== module $$module"; \
		(cd $$module && go vet ./... && go test ./...) || code=1; \
	done; exit $$code

.PHONY: race
race: bin/pg ## run floors 0 to 2 and the edge under the race detector (needs a C compiler)
	@CGO_ENABLED=1 ./bin/pg -- go test -race $(RACE_ROOMS:%=./%/...)

.PHONY: race-coupon
race-coupon: bin/pg ## redeem codes of one and 500 uses, and sign one customer up, thousands at once, on both databases
	@TRIBUTARY_CROWD=10000 ./bin/pg -- go test -count=1 -v -timeout 20m -run '^TestRace' ./flow | grep -E 'limit=|referrals=|^(ok|FAIL)'

.PHONY: story
story: assets bin/pg ## play the stories on the real binary
	@rm -f bin/stories; code=0; \
	(cd e2e && STORY_REPORT=$(CURDIR)/bin/stories ../bin/pg -- go test -count=1 -run '^TestStories$$' .) || code=$$?; \
	if [ -f bin/stories ]; then cat bin/stories; else echo "stories: none was played"; fi; exit $$code

.PHONY: bench-edge
bench-edge: ## measure the redirect beside nginx on this machine (needs Debian's nginx and wrk); ARGS="-rounds 5"
	@go build -trimpath -pgo=auto -o bin/bench-edge ./bench/edge && ./bin/bench-edge $(ARGS)

.PHONY: bench-clicks
bench-clicks: bin/pg ## measure the click store beside plain inserts of the same rows, on both databases
	@./bin/pg -- go test ./bench/clicks -run '^$$' -bench . -benchtime 40x

.PHONY: crash-edge
crash-edge: build ## kill the server two hundred times under load, and look for every acknowledged click
	@go run ./bench/durability $(ARGS) crash

.PHONY: sync-edge
sync-edge: build ## watch its system calls: no redirect before the sync of its click (needs strace)
	@go run ./bench/durability $(ARGS) sync

.PHONY: outage-edge
outage-edge: build bin/pg ## take its database away for a minute while visitors click
	@./bin/pg -- go run ./bench/durability -visitors 4 $(ARGS) outage

.PHONY: assets
assets: web/static/vendor/.copied ## fetch fonts and the list of robots into ignored folders

.PHONY: generate
generate: ## turn templ files into Go
	$(TEMPL) generate -path web

.PHONY: clean
clean: ## remove what was built and fetched; ./data stays
	rm -rf bin node_modules web/static/vendor click/crawlers/list/patterns.json click/crawlers/testdata e2e/artifacts

bin/pg: $(wildcard internal/db/dbtest/*.go internal/db/dbtest/pg/*.go) go.mod
	@go build -o $@ ./internal/db/dbtest/pg

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-fund --no-audit
	@touch $@

web/static/vendor/.copied: node_modules/.package-lock.json $(wildcard web/static/copy.mjs web/static/vendor.json click/crawlers/copy.mjs)
	node web/static/copy.mjs
	node click/crawlers/copy.mjs
	@mkdir -p $(@D) && touch $@
