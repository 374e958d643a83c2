# The two to start with: `make run` and `make test`. Variables may follow: `make run PORT=9000 CAPTURE=file`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

SWIFT  := swift
RELEASE := -c release --static-swift-stdlib

# Set on the command line or in the environment; .dev/run knows the defaults.
export PORT VENUE_PORT OLD_API_PORT DATABASE_PORT MARKET CAPTURE SPEED SEED
export REGISTRY TAG SWIFT_BASE SYSTEM_BASE POSTGRES_BASE

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: release ## build, start everything, print one URL; Ctrl-C stops it all
	@exec .dev/run

.PHONY: stop status psql
stop: ## stop what `make run` started in another terminal
	@.dev/run --stop
status: ## say what runs
	@.dev/run --status
psql: ## open psql on the database of `make run`
	@.dev/run --psql

.PHONY: job
job: ## run a job of the list now: make job NAME=transform
	@.dev/run --job '$(NAME)' $(OPTIONS)

.PHONY: test
test: ## install, build, check and test everything
	@.dev/test

.PHONY: k8s-test
k8s-test: ## check the chart: render it, validate it, run its scripts
	@.dev/setup run test chart
	@.dev/k8s-test

.PHONY: lint format
lint: ## check formatting, scripts and job files
	@.dev/lint
format: ## format the Swift sources
	@$(SWIFT) format --in-place --recursive Package.swift Sources Tests

.PHONY: bench soak
bench: ## measure, each figure beside its reference
	@.dev/setup run bench
	@.dev/bench
soak: ## the long versions of the failure tests
	@.dev/setup run test chart bench
	@.dev/soak

.PHONY: release
release: ## build the optimized program
	@.dev/setup run
	@$(SWIFT) build $(RELEASE) --product cryptogaf

.PHONY: image
image: ## build the container images: make image REGISTRY=registry.example.com/team TAG=1.2.3
	@.dev/image

.PHONY: clean
clean: ## remove everything that was built or collected
	@.dev/run --clean
	@rm -rf .build
