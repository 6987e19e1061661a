# Opsdesk. The two commands that matter: make run, make test.
SHELL := /bin/bash
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GOTOOL := go tool -modfile=tools/go.mod

.PHONY: help run test build generate lint bench soak pictures fuzz clean prepare

help: ## what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: build ## start the desk with demo data on an embedded PostgreSQL
	@tools/prepare.sh run
	@bin/opsdesk demo --serve

test: ## prepare what is missing and check everything, as CI does
	@tools/test.sh

build: ## bin/opsdesk
	@CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/opsdesk ./cmd/opsdesk

generate: ## templates → Go, docs/schema.sql
	@$(GOTOOL) templ generate -path internal -log-level error
	@grep -lr --include='*_templ.go' 'templ\.JoinStringErrs(' internal | xargs -r sed -i \
		-e 's/templ\.JoinStringErrs(/markup.Text(/' \
		-e 's#^import templruntime .*#&\nimport "opsdesk/internal/platform/markup"#'

lint: ## linters and formatting
	@$(GOTOOL) golangci-lint run ./...

bench: ## benchmarks; docs/benchmarks.md keeps a run
	@tools/prepare.sh run
	@go test -run '^$$' -bench . -benchtime 3s -timeout 120m ./internal/bench

soak: ## two desk processes for 30 minutes under load, one killed every minute
	@tools/prepare.sh run
	@OPSDESK_SOAK=30m go test -run '^$$' -bench TwoProcesses -benchtime 1x -timeout 60m ./internal/bench

pictures: build ## pictures of the main pages into docs/img
	@tools/prepare.sh test
	@OPSDESK_PICTURES=$(CURDIR)/docs/img go test -count=1 -run TestPictures ./internal/journeys

prepare: ## install what the machine lacks
	@tools/prepare.sh test

clean: ## remove what was built; the data folder var/ stays
	@rm -rf bin dist

.PHONY: schema
schema: ## docs/schema.sql from the migrations
	@UPDATE=1 go test -count=1 -run TestSchemaDocument ./internal/platform/migrate
