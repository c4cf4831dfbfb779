# Everything below works on a fresh Debian 12 with Python 3.11, Go, Node and make, as root; it installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export BSLS_CACHE ?= $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/bsls
PYTHON ?= python3
LOCK_HASH := $(shell cat requirements.lock pyproject.toml 2>/dev/null | sha256sum | cut -c1-12)
VENV := $(BSLS_CACHE)/venv-$(LOCK_HASH)
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)
PLUGIN := console-plugin
NODE_HASH := $(shell cat $(PLUGIN)/package-lock.json 2>/dev/null | sha256sum | cut -c1-12)
NODE := $(BSLS_CACHE)/node-$(NODE_HASH)
UI := $(CURDIR)/build/ui
NPM := npm --prefix $(PLUGIN) run --silent

.PHONY: help setup parts demo screenshots test lint types generate verify plugin console plugin-deps plugin-test image bench-controller bench-tenants bench-events bench-api bench-console bench-telemetry lock clean

help: ## show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: requirements.lock pyproject.toml
	@echo "==> Python environment in $(VENV)"
	@mkdir -p $(BSLS_CACHE)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends python3-venv; }
	@flock $(BSLS_CACHE)/venv.lock bash -euo pipefail -c '[ -e $@ ] || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); \
	  $(BIN)/pip install --disable-pip-version-check -q -r requirements.lock; touch $@; }'

setup: $(VENV)/.ready plugin-deps ## Python environment, system packages and built binaries (cached)
	@$(BIN)/python -m tests.cluster.setup

demo: setup ## the main job on real parts; ONCE=1 exits after it; KUBECONFIG=… uses a cluster of yours
	@$(BIN)/python -m tests.demo $(if $(ONCE),--once) $(if $(filter command,$(origin KUBECONFIG)),--kubeconfig $(KUBECONFIG))

screenshots: setup ## the demo, and from what it did the pictures in docs/images
	@$(BIN)/python -m tests.demo --once --pictures docs/images

test: setup lint types verify plugin-test ## every check and every test, on real parts
	@BSLS_REQUIRE_REAL=1 $(BIN)/pytest $(ARGS)

lint: $(VENV)/.ready plugin-deps ## ruff and the layers; eslint, stylelint and prettier for the console plugin
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports
	@echo "==> eslint, stylelint, prettier in $(PLUGIN)" && $(NPM) lint

types: $(VENV)/.ready plugin-deps ## mypy and tsc, strict
	@$(BIN)/mypy
	@echo "==> tsc in $(PLUGIN)" && $(NPM) typecheck

generate: $(VENV)/.ready plugin-deps ## rewrite the generated files (CRD, gRPC stubs, schemas, metrics, types, examples in pages)
	@$(BIN)/python -m backend.cli.main crd > manifests/crd/backupstoragelocationservers.yaml
	@$(BIN)/python -m backend.cli.main api --openapi > docs/openapi.json
	@$(BIN)/python -m backend.kopia.proto.generate
	@$(BIN)/python -m backend.events.generate
	@$(BIN)/python -m backend.telemetry.generate
	@$(BIN)/python -m tests.pages
	@$(NPM) generate

verify: $(VENV)/.ready plugin-deps ## generated files are what their sources say
	@$(BIN)/python -m tests.verify

# One copy of the packages for each lock file, however many checkouts there are; node_modules is a link to it.
$(NODE)/.ready: $(PLUGIN)/package-lock.json
	@echo "==> npm packages in $(NODE)"
	@mkdir -p $(BSLS_CACHE)
	@flock $(BSLS_CACHE)/node.lock bash -euo pipefail -c '[ -e $@ ] || { rm -rf $(NODE); mkdir $(NODE); \
	  cp $(PLUGIN)/package.json $(PLUGIN)/package-lock.json $(PLUGIN)/.npmrc $(NODE); \
	  npm --prefix $(NODE) ci --no-progress --loglevel=error; touch $@; }'

plugin-deps: $(NODE)/.ready
	@[ ! -d $(PLUGIN)/node_modules ] || [ -L $(PLUGIN)/node_modules ] || rm -rf $(PLUGIN)/node_modules
	@ln -sfn $(NODE)/node_modules $(PLUGIN)/node_modules

plugin: plugin-deps ## the console plugin, built into console-plugin/dist
	@$(NPM) build

console: plugin-deps ## the console plugin and the page that `bsls api --ui` serves it in, built into build/ui
	@BSLS_PLUGIN_DIST=$(UI)/plugin $(NPM) build
	@BSLS_HOST_DIST=$(UI)/host $(NPM) build:host

plugin-test: plugin-deps ## unit tests of the console plugin
	@echo "==> vitest in $(PLUGIN)" && $(NPM) test

image: setup ## the image of controller and Kopia pods, without a registry, as an OCI archive
	@$(BIN)/python -m tests.cluster.image

bench-controller: setup ## the controller's speed targets
	@$(BIN)/python -m benchmarks.controller

bench-tenants: setup ## users, access and the view of the repository: the speed targets
	@$(BIN)/python -m benchmarks.tenants

bench-events: setup ## log lines to events, beside syslog-ng and rsyslog
	@$(BIN)/python -m benchmarks.event_path

bench-api: setup ## live streams of events, beside nchan and Centrifuge; pages of a list, beside Go
	@code=0; $(BIN)/python -m benchmarks.api_list || code=1; $(BIN)/python -m benchmarks.api_stream || code=1; exit $$code

bench-console: setup ## the console's pages in a browser: weight, first content, frames, the main thread
	@$(BIN)/python -m benchmarks.console

bench-telemetry: setup ## telemetry on against off: the event path, requests, memory under a dead receiver
	@$(BIN)/python -m benchmarks.telemetry

lock: $(VENV)/.ready ## resolve the dependencies of pyproject.toml anew
	@$(BIN)/pip-compile -q --strip-extras --extra dev --no-emit-find-links --no-emit-index-url --no-emit-trusted-host -o requirements.lock pyproject.toml

clean: ## remove what was built and cached
	@rm -rf $(BSLS_CACHE) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
