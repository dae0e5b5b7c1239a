# What developers and CI run. Longer recipes are scripts in .ci.

export PATH := $(shell go env GOPATH)/bin:$(PATH)

GO           ?= go
FUZZTIME     ?= 100000x
TESTFLAGS    ?=
TARGETS      ?=
BENCHFLAGS   ?=
BEFORE       ?=
KERNELS      ?=
VERSION      ?=
BUILDFLAGS   := -trimpath -ldflags='-s -w'
BENCH        := testdata/bench
BENCHTAGS    := custom,inputs.execd,inputs.ethtool,inputs.net,inputs.processes,inputs.procstat,outputs.file,parsers.influx,serializers.influx
GOLDEN        = $(shell grep -rl --include='*_test.go' internal/plugintest plugins | xargs -n 1 dirname | sort -u)

# Where git refuses to read the checkout, such as that of another user, go would
# refuse to build it: the program is built without its commit then.
ifneq ($(shell git log -1 >/dev/null 2>&1 || echo refused),)
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS) -buildvcs=false)
endif

.DEFAULT_GOAL := help
.PHONY: help build archive dist package release run test race lint fuzz golden generate bpf cross integration bare vm wine e2e bench bench-wine pictures \
	grafana telegraf coverage install-dev-deps install-git-hooks test-all clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## leave bin/sysprobe-execd: one static program
	CGO_ENABLED=0 $(GO) build $(BUILDFLAGS) -o bin/ ./plugins/cmd/sysprobe-execd

archive: ## leave the program for other systems, with its configuration, in build/; TARGETS="os/arch ..." for some
	.ci/archive.sh $(TARGETS)

dist: ## leave packages, archives, bills of materials and checksums of this commit in build/dist; TARGETS= for no archives
	.ci/dist.sh

package: ## try the package in a bare Debian beside a real Telegraf, as root
	.ci/package.sh

release: ## commit, tag and build release VERSION, and publish nothing
	.ci/release.sh '$(VERSION)'

run: build ## print what the inputs gather of this machine, as line protocol
	bin/sysprobe-execd --once

test: ## run the tests, and count those that skipped for want of something
	$(GO) run ./.ci/testsum -test=$(GO) -- $(TESTFLAGS) ./... ./.ci/testsum

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

bare: ## run make run and make test in a bare Debian, as root and as nobody
	.ci/bare.sh

endian: ## run the tests of the decoders as 32-bit and as big-endian programs
	.ci/endian.sh

vm: ## run the tests on Linux 5.10, 6.1, 6.12, the newest of Debian's backports and s390x in virtual machines; KERNELS="6.1" for some
	.ci/vm.sh $(KERNELS)

wine: ## run the tests as Windows programs under Wine, as root
	.ci/wine.sh

e2e: build ## run a real Telegraf into real databases, and through other outputs into receivers of the test
	SYSPROBE_E2E=1 $(GO) test -count=1 -v -timeout=10m $(TESTFLAGS) ./plugins/internal/e2e

bench: build ## compare with the C floor, other libraries and the build of commit BEFORE, as root; JSON=file keeps the figures
	cd $(BENCH) && $(GO) build -o ../../bin/bench .
	telegraf=$$($(GO) list -m -f '{{.Path}}/cmd/telegraf@{{.Version}}' github.com/influxdata/telegraf) && \
		GOBIN=$(CURDIR)/build/bench CGO_ENABLED=0 $(GO) install $(BUILDFLAGS) -tags $(BENCHTAGS) "$$telegraf"
	$(if $(BEFORE),.ci/bench-before.sh $(BEFORE) bin/bench-before bin/sysprobe-execd-before)
	bin/bench -json='$(JSON)' -execd=bin/sysprobe-execd -telegraf=build/bench/telegraf \
		$(if $(BEFORE),-before=bin/bench-before -execd-before=bin/sysprobe-execd-before) $(BENCHFLAGS)

bench-wine: ## compare with gopsutil under Wine, as root
	.ci/bench-wine.sh

pictures: build telegraf ## take the pictures of the dashboards in the READMEs, as root, in MINUTES
	.ci/pictures.sh

grafana: ## check the dashboards against Grafana's types, with npm
	.ci/grafana.sh

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
