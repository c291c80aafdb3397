# Everything here needs Go, make and git alone. The tools and the control plane
# are pinned in Go modules under hack/ and built on first use.

SHELL := /bin/bash

# The version that is released next or has been last: dist/ and config/ name it.
RELEASE ?= v0.1.0

GO      ?= go
IMG     ?= ghcr.io/klink-cloud/klink-operator:$(RELEASE)
KUBECTL ?= kubectl
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ARGS    ?=

# What an image is built for, and what it says of its sources. With the same
# commit and Go it has the same digest.
PLATFORMS         ?= linux/amd64,linux/arm64,linux/ppc64le,linux/s390x
REVISION          ?= $(shell git rev-parse HEAD 2>/dev/null)
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null)

# Where make e2e works: local is a node that it brings up itself. On any other
# cluster E2E_LOAD is the command that loads an image archive.
E2E_NODE ?=
E2E_LOAD ?=

# What the archives of kubectl-klink are built for, and where go install puts it.
PLUGIN_PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64
GOBIN            ?= $(or $(shell $(GO) env GOBIN),$(shell $(GO) env GOPATH)/bin)

# Where the manager's bill of materials goes.
SBOM ?= bin/klink-operator.cdx.json

# How long one fuzz target runs.
FUZZTIME ?= 10s

# How many schedules are simulated, from which seed on, and where it is kept how far
# that is: the same command goes on from there.
RUNS ?= 1000
SEED ?= 1
SIMULATED ?= bin/simulated

# How often the manager is killed, and how many Groups there are meanwhile.
KILLS  ?= 300
GROUPS ?= 300

LDFLAGS := -s -w -X github.com/klink-cloud/klink-operator/internal/version.Version=$(VERSION)

CONTROLLER_GEN = $(GO) tool -modfile=$(CURDIR)/hack/tools/controller-gen/go.mod controller-gen
CRD_REF_DOCS   = $(GO) tool -modfile=$(CURDIR)/hack/tools/crd-ref-docs/go.mod crd-ref-docs
GOLANGCI_LINT  = $(GO) tool -modfile=$(CURDIR)/hack/tools/golangci-lint/go.mod golangci-lint
HELM           = $(GO) tool -modfile=$(CURDIR)/hack/tools/helm/go.mod helm
KUSTOMIZE      = $(GO) tool -modfile=$(CURDIR)/hack/tools/kustomize/go.mod kustomize
GOVULNCHECK    = $(GO) tool -modfile=$(CURDIR)/hack/tools/govulncheck/go.mod govulncheck

# quoted is a value that the shell hands on whole, as one word.
quoted = '$(subst ','\'',$(1))'

# The race detector needs cgo and a C compiler; the tests do without it.
RACE = $(shell [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null && echo -race)

# Modules of their own that hold Go code, as folders.
NESTED = $(shell for mod in $$(git ls-files -co --exclude-standard '*/go.mod'); do \
	dir=$$(dirname $$mod); ls $$dir/*.go >/dev/null 2>&1 && echo $$dir; done)

.DEFAULT_GOAL := help

##@ General

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## Remove what was built in this checkout (the caches stay)
	rm -rf bin dist/tmp

##@ Generated files

.PHONY: generate
generate: ## Generate the deep-copy methods of the API types
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: ## Generate the CRDs and the manager's role from the Go sources
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=klink-operator-manager paths=./internal/... output:rbac:dir=config/rbac

.PHONY: api-reference
api-reference: ## Generate docs/api.md from the API types
	@tmp=$$(mktemp) && trap 'rm -f $$tmp' EXIT && \
		$(CRD_REF_DOCS) --source-path=api/v1alpha1 --config=hack/tools/crd-ref-docs/config.yaml --renderer=markdown --output-path=$$tmp --log-level=ERROR && \
		{ printf '<!-- Made by "make api-reference" from the Go types. Do not edit. -->\n'; cat $$tmp; } > docs/api.md

.PHONY: build-installer
build-installer: ## Render config/default, with image IMG, into dist/install.yaml
	@mkdir -p dist
	@{ printf '# SPDX-License-Identifier: Apache-2.0\n# Made by "make build-installer". Do not edit.\n'; \
		KUSTOMIZE="$(KUSTOMIZE)" hack/render.sh $(IMG); } > dist/install.yaml

.PHONY: build-chart
build-chart: ## Copy into dist/chart what it has of config/, and set its version to RELEASE
	@rm -rf dist/chart/files && mkdir -p dist/chart/files/crds
	@cp config/crd/bases/*.yaml dist/chart/files/crds/
	@cp config/rbac/role.yaml config/prometheus/rules.yaml config/grafana/klink-operator.json dist/chart/files/
	@cp config/admission/policy.yaml dist/chart/files/admission_policy.yaml
	@sed -i.old -e 's/^version: .*/version: $(RELEASE:v%=%)/' -e 's/^appVersion: .*/appVersion: $(RELEASE)/' dist/chart/Chart.yaml
	@rm dist/chart/Chart.yaml.old

.PHONY: bundle
bundle: ## Write the OLM bundle into bundle/, from dist/install.yaml and config/manifests
	@$(GO) -C hack/bundle run . -root $(CURDIR) -output $(CURDIR)/bundle -release $(RELEASE)

.PHONY: chart-package
chart-package: build-chart ## Package the chart into bin/, with the image of DIGEST if that is set
	@echo "packaging dist/chart $(RELEASE:v%=%) into bin/; helm is built for it the first time, which takes some minutes"
	@rm -rf bin/chart bin/klink-operator-*.tgz && mkdir -p bin && cp -R dist/chart bin/chart
	@sed -i.old 's/^  digest: ""$$/  digest: "$(DIGEST)"/' bin/chart/values.yaml && rm bin/chart/values.yaml.old
	$(HELM) package bin/chart --destination bin

##@ Checks

.PHONY: fmt
fmt: ## Format the Go sources
	$(GOLANGCI_LINT) fmt
	@for dir in $(NESTED); do (cd $$dir && $(GOLANGCI_LINT) fmt) || exit 1; done

.PHONY: vet
vet: ## Run go vet
	$(GO) vet ./...
	@for dir in $(NESTED); do $(GO) -C $$dir vet ./... || exit 1; done

.PHONY: lint
lint: ## Run golangci-lint
	$(GOLANGCI_LINT) run ./...
	@for dir in $(NESTED); do (cd $$dir && $(GOLANGCI_LINT) run ./...) || exit 1; done

.PHONY: test
test: controlplane ## Run all tests, with the race detector where there is a C compiler
	@# Beside each other, since most of what they do is to wait; the longest of each first.
	$(MAKE) -j2 test-operator test-others
	@# Every schedule of one fault or event.
	$(GO) test -count=1 -v -timeout 20m ./test/simulation -run TestExplore -depth=1 -outer=0 -lanes=0 -manifest=all
	@# Not from the cache: it does not see what these read outside of their module.
	@for dir in $(NESTED); do $(GO) -C $$dir test -count=1 -timeout 20m ./... || exit 1; done

# What measures the memory of the client: the race detector takes some of its own, and minutes.
MEMORY = ^(TestNoReplyCostsTheManagerItsMemory|TestManyLargeRepliesAtATimeCostNoMoreThanOne)$$

.PHONY: test-operator test-others
test-operator:
	$(GO) test -timeout 1h -parallel 6 $(RACE) -skip '$(MEMORY)' ./test/integration ./api/... ./cmd/... ./internal/...
	$(GO) test -timeout 10m -run '$(MEMORY)' ./internal/klink
# Here the same code is run, or the manager is a program of its own: there are no races to find.
test-others:
	$(GO) test -timeout 1h -parallel 4 ./test/security $$($(GO) list ./test/... | grep -v -e /test/integration$$ -e /test/security$$)

.PHONY: test-unit
test-unit: ## Run the tests that need no control plane, in seconds
	$(GO) test ./api/... ./cmd/... ./internal/...

.PHONY: verify-manifests
verify-manifests: controlplane ## Run the tests of what is installed: manifests, chart, alerts, GitOps
	$(GO) -C test/shipped test -count=1 -timeout 20m ./...

.PHONY: simulate
simulate: ## Run RUNS seeded schedules of faults in virtual time, from SEED on, on all processors
	GOGC=400 $(GO) test -count=1 -v -timeout 0 ./test/simulation -run "^TestSchedules$$" -runs=$(call quoted,$(RUNS)) -seed=$(call quoted,$(SEED)) -lanes=0 \
		-positions=$(call quoted,$(if $(filter /%,$(firstword $(SIMULATED))),,$(CURDIR)/)$(SIMULATED)) $(ARGS)

# How many choices an explored schedule has, of which Groups, and where it is kept
# how far that is: the same command goes on from there.
DEPTH    ?= 2
MANIFEST ?= plain
EXPLORED ?= bin/explored

.PHONY: explore
explore: ## Play every small schedule of faults and events, DEPTH of them near each other, for the Groups MANIFEST (or all)
	$(GO) test -count=1 -v -timeout 0 ./test/simulation -run TestExplore -outer=0 -lanes=0 -depth=$(call quoted,$(DEPTH)) -manifest=$(call quoted,$(MANIFEST)) \
		-positions=$(call quoted,$(if $(filter /%,$(firstword $(EXPLORED))),,$(CURDIR)/)$(EXPLORED)) $(ARGS)

.PHONY: mutate
mutate: ## Break the operator in one place at a time, and count what no test notices: ARGS='-packages=plan -again'
	$(GO) run ./test/mutate -state=$(call quoted,$(CURDIR)/bin/mutated) $(ARGS)

.PHONY: chaos
chaos: controlplane ## Kill the real manager KILLS times while GROUPS Groups live, and count what is doubled or lost
	$(GO) run ./test/chaos -kills=$(call quoted,$(KILLS)) -groups=$(call quoted,$(GROUPS)) $(ARGS)

.PHONY: bench
bench: controlplane ## Print what the operator costs: ARGS=-short for a quick look; DOCS=1 writes it into docs/sizes.md
	@mkdir -p bin
	$(if $(and $(filter 1,$(DOCS)),$(findstring -short,$(ARGS))),$(error DOCS=1 writes figures that count, which those of -short are not))
	$(GO) run ./test/bench -report=$(if $(filter 1,$(DOCS)),docs/sizes.json,bin/bench.json) $(ARGS)
	$(if $(filter 1,$(DOCS)),$(GO) -C test/bench/plots run . -report=$(CURDIR)/docs/sizes.json -docs=$(CURDIR)/docs)

.PHONY: verify
verify: ## Check that generated files, formatting and go.mod are up to date, without touching them
	@GO="$(GO)" hack/verify.sh

.PHONY: vulncheck
vulncheck: ## Ask the Go vulnerability database, online, about what the programs call
	$(GOVULNCHECK) ./cmd/...
	$(GOVULNCHECK) -C hack/image .

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@GO="$(GO)" hack/fuzz.sh $(call quoted,$(FUZZTIME))

.PHONY: contract
contract: ## Check what the API's page says on the simulator, or on KLINK_ENDPOINT with KLINK_TOKEN
	$(GO) $(if $(KLINK_ENDPOINT),run ./test/contract/live,test -count=1 -v ./test/contract/...) $(ARGS)

##@ Running

.PHONY: controlplane
controlplane: ## Build the pinned etcd, API server and kubectl, once per user and version
	@$(GO) -C hack/controlplane run .

.PHONY: build
build: ## Build bin/manager and bin/klink-simulator
	@echo "building bin/manager and bin/klink-simulator $(VERSION); the first time takes some minutes"
	@begun=$$SECONDS; CGO_ENABLED=0 $(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/manager ./cmd/klink-simulator && \
		echo "built in $$((SECONDS - begun)) s"

.PHONY: install-plugin
install-plugin: ## Build kubectl-klink into GOBIN, so that "kubectl klink" works
	CGO_ENABLED=0 $(GO) install -trimpath -ldflags "$(LDFLAGS)" ./cmd/kubectl-klink
	@printf '#!/bin/sh\nexec kubectl-klink __complete "$$@"\n' > "$(GOBIN)/kubectl_complete-klink" && chmod +x "$(GOBIN)/kubectl_complete-klink"

.PHONY: plugin-archives
plugin-archives: ## Build kubectl-klink for PLUGIN_PLATFORMS, as archives in bin/plugin
	@GO="$(GO)" LDFLAGS="$(LDFLAGS)" VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) hack/plugin-archives.sh $(PLUGIN_PLATFORMS)

.PHONY: plugin-page
plugin-page: controlplane ## Write what the commands of docs/plugin.md print into it, and its picture of a terminal
	$(GO) test ./test/plugin -count=1 -run TestPageIsReal -update

.PHONY: dashboard-picture
dashboard-picture: controlplane ## Draw docs/dashboard.png, the panels of the dashboard, from a real manager's metrics
	@echo "testing a manager and drawing docs/dashboard.png; this takes some minutes"
	$(GO) -C test/shipped test ./monitoring -count=1 -run '^TestManager$$' -picture=$(CURDIR)/docs/dashboard.png

.PHONY: krew
krew: plugin-archives ## Check the krew manifest of bin/plugin with krew itself, and install from it
	@GO="$(GO)" hack/krew-check.sh bin/plugin

.PHONY: run
run: ## Run the manager here, against the cluster of the current kubeconfig
	$(GO) run -ldflags "$(LDFLAGS)" ./cmd/manager $(ARGS)

.PHONY: demo
demo: controlplane ## Show the life of a group, from creation to deletion, on a control plane of its own
	$(GO) run ./test/demo $(ARGS)

.PHONY: playground
playground: controlplane ## Start what the demo starts and leave it running until Ctrl-C
	$(GO) run ./test/demo -playground $(ARGS)

##@ Deploying to the cluster of the current kubeconfig

.PHONY: image
image: ## Build the image IMG for PLATFORMS without an engine, into bin/; PUSH=1 pushes it
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(GO) -C hack/image run . -name $(IMG) -platforms $(PLATFORMS) \
		-version $(VERSION) -revision "$(REVISION)" -archive $(CURDIR)/bin/klink-operator-image.tar \
		-layout $(CURDIR)/bin/klink-operator-image $(if $(filter 1,$(PUSH)),-push) $(CURDIR)/cmd/manager

.PHONY: e2e
e2e: ## Prove the operator on the current cluster, or on a node of its own with E2E_NODE=local
	GO="$(GO)" IMG=$(IMG) VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) E2E_NODE=$(E2E_NODE) E2E_LOAD="$(E2E_LOAD)" \
		test/e2e/run.sh $(ARGS)

.PHONY: sbom
sbom: ## Write the manager's bill of materials into SBOM (bin/klink-operator.cdx.json)
	@mkdir -p $(dir $(SBOM))
	@# Built for this machine, then told of the image's platform. Without serial number, time and paths, so that one commit has one bill.
	CGO_ENABLED=0 GOWORK=off GOFLAGS=-trimpath GOOS=linux GOARCH=amd64 \
		$$(GOFLAGS=-trimpath $(GO) tool -modfile=$(CURDIR)/hack/tools/cyclonedx/go.mod -n cyclonedx-gomod) \
		app -json -noserial -notimestamp -std -output-version=1.6 -main=cmd/manager -output=$(SBOM) .

.PHONY: install
install: ## Install the CRDs
	set -o pipefail; $(KUSTOMIZE) build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: ## Remove the CRDs, and every Group and connection with them
	set -o pipefail; $(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: ## Deploy the CRDs and the operator, as image IMG
	set -o pipefail; KUSTOMIZE="$(KUSTOMIZE)" hack/render.sh $(IMG) | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: ## Remove the operator; the CRDs and the Groups stay
	set -o pipefail; KUSTOMIZE="$(KUSTOMIZE)" hack/render.sh $(IMG) | hack/without-crds.sh | $(KUBECTL) delete --ignore-not-found -f -
