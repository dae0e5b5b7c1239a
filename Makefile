# What developers and CI run. Longer recipes are scripts in .ci.

export PATH := $(shell go env GOPATH)/bin:$(PATH)

GO           ?= go
FUZZTIME     ?= 100000x
TESTFLAGS    ?=
TARGETS      ?=
BENCHFLAGS   ?=
KERNELS      ?=
BUILDFLAGS   := -trimpath -ldflags='-s -w'
BENCH        := testdata/bench
GOLDEN        = $(shell grep -rl --include='*_test.go' internal/plugintest plugins | xargs -n 1 dirname | sort -u)

.DEFAULT_GOAL := help
.PHONY: help build run test race lint fuzz golden generate bpf cross integration vm e2e bench telegraf coverage \
	install-dev-deps install-git-hooks test-all clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## leave bin/sysprobe-execd: one static program
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o bin/ ./plugins/cmd/sysprobe-execd

run: build ## gather this machine once, as line protocol
	bin/sysprobe-execd --once

test: ## run the tests; those that need root skip without it
	$(GO) test $(TESTFLAGS) ./...

race: ## run the tests under the race detector
	$(MAKE) test TESTFLAGS=-race

lint: ## check style, layering and format
	golangci-lint run ./...
	cd $(BENCH) && golangci-lint run --config ../../.golangci.yml ./...

fuzz: ## run every fuzz target for FUZZTIME, such as 100000x or 10s
	.ci/fuzz.sh $(FUZZTIME)

golden: ## rewrite the expected outputs, and show what changed
	$(GO) test $(GOLDEN:%=./%) -update
	git diff --stat -- testdata plugins

generate: ## rewrite generated files
	$(GO) generate ./...

bpf: ## compile the BPF program again, where Debian 12's clang, llvm and libbpf-dev are
	.ci/bpf.sh

cross: ## vet and test-compile for every system; TARGETS="os/arch ..." for some
	.ci/cross.sh $(TARGETS)

integration: ## run the tests as root, where none may skip, and as nobody
	.ci/integration.sh

vm: ## run the tests on Linux 5.10, 6.1, 6.12 and s390x in virtual machines; KERNELS="6.1" for some
	.ci/vm.sh $(KERNELS)

e2e: build ## run a real Telegraf into a real InfluxDB
	SYSPROBE_E2E=1 $(GO) test -count=1 -v -timeout=10m $(TESTFLAGS) ./plugins/internal/e2e

bench: build ## compare with the C floor and other libraries, as root; JSON=file keeps the figures
	cd $(BENCH) && $(GO) build -o ../../bin/bench .
	bin/bench -json='$(JSON)' -execd=bin/sysprobe-execd $(BENCHFLAGS)

telegraf: ## leave bin/telegraf: a real Telegraf with the four inputs inside
	.ci/telegraf.sh

coverage: ## leave coverage.out and print the total
	$(GO) test -coverprofile=coverage.out -coverpkg=./sysprobe/...,./plugins/... ./...
	$(GO) tool cover -func=coverage.out | tail -n 1

install-dev-deps: ## install what the other targets need, pinned
	.ci/install-dev-deps.sh

install-git-hooks: ## refuse commits that make lint would refuse
	git config core.hooksPath .githooks

test-all: ## run the tests with every supported Go version
	.ci/test-all.sh

clean: ## remove what the other targets leave
	rm -rf bin build coverage.out
