# Two commands matter: `make demo` and `make test`. Both set up what they need; see `make help` for the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEVCLUSTER := $(PYTHON) -m devcluster
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/agentops
# One set of flags for build, vet and test: with others Go compiles every dependency again.
# The gateway that `make conformance` runs against.
ENGINE ?= native
GO_ENV := CGO_ENABLED=0 GOFLAGS=-trimpath

.PHONY: help
help: ## Show this list
	@echo "make demo shows the product, make test proves it. All targets:"
	@tint=0; if [[ -t 1 && -z "$${NO_COLOR:-}" && "$${TERM:-dumb}" != dumb ]]; then tint=36; fi; \
		awk -F':.*## ' -v tint=$$tint '/^[a-z-]+:.*## /{name = sprintf("%-18s", $$1); \
			print "  " (tint ? "\033[" tint "m" name "\033[0m" : name) " " $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.ready ## Make the virtual environment from the lock file

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "AgentOps needs Python 3.11 or newer: set PYTHON=python3.11")'
	@echo "==> Virtual environment from requirements-dev.lock"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

.PHONY: lock
lock: setup ## Pin dependencies anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra evals --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -o requirements-evals.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --extra evals --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -q -o requirements-dev.lock

.PHONY: generate
generate: setup ## Write CRDs, RBAC and reference pages from the types
	$(BIN)/python -m agentops_operator.generate

.PHONY: verify
verify: setup ## Fail when a generated file is not fresh, untracked ones included
	$(BIN)/python -m agentops_operator.generate.verify

.PHONY: lint
lint: setup ## Lint, types and import layers; Go vet and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd dataplane && test -z "$$(gofmt -l .)" && $(GO_ENV) go vet ./...

.PHONY: redis
redis: ## Install a real Redis for the tests of the limits, where it is missing
	@$(PYTHON) -c 'from devcluster.packages import install; install({"redis-server": "redis-server"})' \
		|| test "$${CI:-}" != true || exit 1

.PHONY: test-go
test-go: redis ## Go tests of the data plane
	@echo "==> Go tests (the first run compiles the collector's dependencies: some minutes)"
	cd dataplane && $(GO_ENV) go test ./...
	$(MAKE) --no-print-directory test-valkey

.PHONY: test-valkey
test-valkey: ## The tests of the limits once more, on a real Valkey
	@dir=$$($(PYTHON) -m devcluster.valkey) || { test "$${CI:-}" != true && exit 0; exit 1; }; \
		echo "==> Limits on Valkey"; cd dataplane && PATH="$$dir:$$PATH" $(GO_ENV) go test ./limits -count=1 -rapid.checks=20

.PHONY: soak
soak: setup redis binaries ## Limits under kill -9 of Redis and gateways: 100,000 calls of 64 clients (SOAK_CALLS=...), over the library and over 3 gateway processes; 10,000 calls while providers die
	cd dataplane && SOAK_CALLS=$${SOAK_CALLS:-100000} $(GO_ENV) go test ./limits -count=1 -timeout 60m -v -run TestBudgetsAreNeverOverdrawn
	$(BIN)/python -m conformance --engine $(ENGINE) --soak

.PHONY: promtool
promtool: ## Install Prometheus and Alertmanager, the judges of the alert rules, where they are missing
	@$(PYTHON) -c 'from devcluster.packages import install; install({"promtool": "prometheus", "prometheus-alertmanager": "prometheus-alertmanager"})' \
		|| test "$${CI:-}" != true || exit 1

.PHONY: test-fast
test-fast: setup promtool ## Everything that needs no cluster
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory test-go binaries
	$(MAKE) --no-print-directory -j2 test-python test-engine

.PHONY: test-python
test-python: setup
	$(BIN)/python -m pytest -m "not cluster" 2>&1 | sed -u 's/^/[python] /'

.PHONY: test-engine
test-engine: setup
	$(BIN)/python -m conformance --engine native 2>&1 | sed -u 's/^/[engine] /'

# What changes the release, or brings its own, has a second node: each of the two mostly waits.
SECOND_NODE := tests/cluster/other_values tests/policies tests/demo
SECOND := AGENTOPS_CLUSTER=$(or $(AGENTOPS_CLUSTER),agentops)-2

.PHONY: test-node
test-node: setup
	$(DEVCLUSTER) up
	$(BIN)/python -m pytest -m node --durations=30 $(SECOND_NODE:%=--ignore=%) 2>&1 | sed -u 's/^/[node] /'

.PHONY: test-second-node
test-second-node: setup
	trap '$(SECOND) $(DEVCLUSTER) down' EXIT; $(SECOND) $(DEVCLUSTER) up; \
	$(SECOND) $(BIN)/python -m pytest -m node --durations=15 $(SECOND_NODE) 2>&1 | sed -u 's/^/[second node] /'

.PHONY: test-api
test-api: setup
	$(BIN)/python -m pytest -m "cluster and not node" --durations=10 2>&1 | sed -u 's/^/[api] /'

.PHONY: conformance
conformance: setup redis binaries ## One suite for every gateway engine, over real sockets (ENGINE=native); says which fields are enforced
	$(BIN)/python -m conformance --engine $(ENGINE)

.PHONY: conformance-report
conformance-report: setup redis binaries ## The same, and keep what was measured as the report and docs/conformance.md
	$(BIN)/python -m conformance --engine $(ENGINE) --write

.PHONY: test
test: ## Set up everything and run every test, those on the real node included
	$(MAKE) --no-print-directory setup
	$(DEVCLUSTER) build
	$(MAKE) --no-print-directory test-fast
	@echo "==> Tests on the real node and on a second one, which mostly wait, beside those that start API servers of their own"
	@# A cluster that the user names is one; two installations would meet in it.
	$(MAKE) --no-print-directory -j$(if $(AGENTOPS_KUBECONFIG),1,3) test-node test-second-node test-api

.PHONY: cluster
cluster: ## Start the local cluster (yours by AGENTOPS_KUBECONFIG, kind, or a single node without Docker)
	$(DEVCLUSTER) up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster and leave nothing behind
	$(DEVCLUSTER) down

.PHONY: cluster-status
cluster-status: ## What runs and whether it is ready
	$(DEVCLUSTER) status

.PHONY: binaries
binaries: setup ## Build the data plane's static binaries into build/bin
	$(BIN)/python -c 'from demo.images import build_programs; build_programs()'

.PHONY: bench
bench: setup ## Measure, print a JSON line a figure, and write docs/benchmarks.md (BENCH=writes for one group)
	$(BIN)/python -m bench $(BENCH)

.PHONY: bench-gateway
bench-gateway: setup redis ## Measure what the gateway adds to a call and what it takes, failover, and the same load on LiteLLM
	$(BIN)/python -m bench gateway

.PHONY: bench-scaling
bench-scaling: setup redis ## Measure three gateways on a store of three nodes, and reckon docs/scaling.md from it
	$(BIN)/python -m bench scaling

.PHONY: demo
demo: setup ## The whole story on a real cluster, with evidence; DEMO_KEEP=1 leaves it up
	@$(BIN)/python -m demo

.PHONY: demo-down
demo-down: setup ## Remove what the demo put into the cluster, the product included
	@$(BIN)/python -m demo.down

.PHONY: audit
audit: setup ## Ask the advisory databases about our dependencies (needs the internet)
	$(BIN)/pip-audit --no-deps --disable-pip -r requirements.lock -r requirements-evals.lock
	cd dataplane && go run golang.org/x/vuln/cmd/govulncheck@latest ./...
