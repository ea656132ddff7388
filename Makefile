# The work is done by the program in localstack/; this file only names it.

.DEFAULT_GOAL := help
WAYBILL := .local/bin/waybill-local

.PHONY: help up down test token bench dist fmt golden $(WAYBILL)

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(WAYBILL) ## Start the local cloud, deploy the stack and run the demo [EMULATOR=ministack|localstack|localstack-pypi PORT=4566]
	@$(WAYBILL) up

down: $(WAYBILL) ## Stop what `make up` started
	@$(WAYBILL) down

token: $(WAYBILL) ## Print a new token [NAME=ci ABILITIES=read,deploy]
	@NAME='$(NAME)' ABILITIES='$(ABILITIES)' $(WAYBILL) token

test: $(WAYBILL) ## Run every test that can run here and say what was skipped [FULL=1 for all of it on LocalStack, too]
	@FULL='$(FULL)' $(WAYBILL) test

bench: $(WAYBILL) ## Run the benchmarks and print their ratios
	@$(WAYBILL) bench

dist: $(WAYBILL) ## Build what `cdk deploy` takes to AWS [ARCHITECTURE=arm64|x86_64]
	@$(WAYBILL) dist

fmt: ## Format and vet the code
	gofmt -l -w $$(git ls-files '*.go')
	go vet ./...

golden: ## Write the golden files again; read the difference before you commit it
	go test ./infra ./internal/recipe ./internal/logbook -update

# The first time, this compiles for a minute or two, and says so every ten seconds.
$(WAYBILL):
	@go build -o $(WAYBILL) ./localstack & pid=$$!; n=0; \
	while kill -0 $$pid 2>/dev/null; do \
		sleep 0.2; n=$$((n + 1)); [ $$((n % 50)) -ne 0 ] || echo "Building the local tools ($$((n / 5)) s)" >&2; \
	done; wait $$pid
