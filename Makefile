# Tools and programs go to .local, each with a stamp that is newer than its sources. The scripts and the
# program that the targets call are in localstack/.

SHELL := bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
WAYBILL := .local/bin/waybill-local

# sources lists the files and folders that a program is built from. A folder's time tells of a file that was
# removed.
sources = go.mod go.sum $(shell find $(1) -name testdata -prune -o ! -name '*_test.go' -print)
# prepare runs the downloads at the same time as the compiler.
prepare := $(MAKE) --silent --jobs=4

.PHONY: built synth diff deploy destroy restore restore-logs
.PHONY: help up down token orphans redrive test grants bench dist fmt golden
.PHONY: tools tools-ministack tools-localstack tools-localstack-pypi tools-dynamodb-local tools-versitygw
.PHONY: tools-schemathesis tools-cfn-lint tools-release

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: ## Start the local cloud, deploy the stack and run the demo [EMULATOR=ministack|localstack|localstack-pypi PORT=4566]
	@localstack/missing $(or $(EMULATOR),ministack)
	@echo 'Preparing the tools in .local.'
	@$(prepare) $(WAYBILL)
	@$(WAYBILL) check
	@$(prepare) tools-$(or $(EMULATOR),ministack)
	@$(WAYBILL) up

down: $(WAYBILL) ## Stop what `make up` started
	@$(WAYBILL) down

token: $(WAYBILL) ## Print a new token [NAME=ci ABILITIES=read,deploy]
	@NAME='$(NAME)' ABILITIES='$(ABILITIES)' $(WAYBILL) token

orphans: $(WAYBILL) ## List the logs without a record, or remove them [REMOVE=1]
	@REMOVE='$(REMOVE)' $(WAYBILL) orphans

redrive: $(WAYBILL) ## Handle the changes again that dispatch gave up [TEAM=NAME in the AWS account of the environment, or else the local cloud]
	@TEAM='$(TEAM)' $(WAYBILL) redrive

test: ## Run every test that can run here and say what was skipped [FULL=1 for all of it on LocalStack, too]
	@localstack/missing ministack
	@FULL='$(FULL)' localstack/test

grants: ## Remove each grant of the functions in turn and print which calls then fail [after `make test`]
	@WAYBILL_GRANTS='$(CURDIR)/.local/grants' go test -count=1 -v -run=TestP10 ./localstack/grants | \
		sed -E 's/^ +[a-z_]+\.go:[0-9]+: //'

bench: ## Run the benchmarks and print their ratios
	@go test -run='^$$' -bench=. -benchmem \
		$$(git grep -l '^func Benchmark' -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|') | \
		tee /dev/stderr | awk -f localstack/ratios.awk

# The file of a team may name the processor.
architecture = $(or $(ARCHITECTURE),$(shell TEAM='$(TEAM)' infra/team option architecture),arm64)
dist: built ## Build what is deployed to AWS [ARCHITECTURE=arm64|x86_64]
	@echo 'Built for AWS in .local/dist. To deploy it: make deploy TEAM=NAME'

built:
	@$(if $(filter arm64 x86_64,$(architecture)),,\
		$(error ARCHITECTURE=$(architecture) is unknown: it is arm64 or x86_64))
	@localstack/missing
	@$(prepare) localstack/node_modules/.made .local/dist/.made-$(architecture) .local/bin/infra

team = @TEAM='$(TEAM)' CONTEXT='$(CONTEXT)' ARCHITECTURE='$(architecture)' ADOPT='$(ADOPT)' \
	APPROVAL='$(APPROVAL)' CONFIRM='$(CONFIRM)' TABLE='$(TABLE)' AT='$(AT)' FROM='$(FROM)' PREFIX='$(PREFIX)' \
	infra/team $@

synth: built ## Print the template of a team's stack [TEAM=name CONTEXT='option=value …']
	$(team)

diff: built ## Show what a deployment would change [TEAM=name CONTEXT=…]
	$(team)

deploy: built ## Deploy a team's stack to AWS [TEAM=name CONTEXT=… APPROVAL=never ADOPT=1]
	$(team)

destroy: built .local/bin/operator ## Delete a team's stack, after a question [TEAM=name CONFIRM=name]
	$(team)

restore: .local/bin/operator ## Restore tables as they were [TEAM=name TABLE=catalog AT=2026-11-30T18:00:00Z]
	$(team)

restore-logs: .local/bin/operator ## Put logs back from a backup [TEAM=name FROM=bucket PREFIX=logs/]
	$(team)

fmt: ## Format and vet the code
	gofmt -l -w $$(git ls-files '*.go')
	go vet ./...

golden: ## Write the golden files again; read the difference before you commit it
	go test ./infra ./internal/recipe ./internal/logbook ./internal/template -update

tools: localstack/node_modules/.made .local/functions/.made .local/bin/infra .local/bin/operator
tools-ministack: tools .local/venv/ministack/.made
tools-localstack: tools
tools-localstack-pypi: tools .local/venv/localstack-pypi/.made .local/localstack/.made
tools-dynamodb-local: .local/localstack/.made
tools-versitygw: .local/versitygw/.made
tools-schemathesis: .local/venv/schemathesis/.made
tools-cfn-lint: .local/venv/cfn-lint/.made
tools-release: .local/release/.made

# The stamp comes last, so that a step that was interrupted runs again.
localstack/node_modules/.made: localstack/package.json localstack/package-lock.json
	@localstack/step 'CDK command line' npm ci --prefix localstack --no-audit --no-fund --loglevel error
	@touch $@

.local/venv/%/.made: localstack/emulator/python/requirements-%.txt
	@localstack/step '$*' localstack/emulator/python/install $* $(@D)
	@touch $@

.local/localstack/.made: $(wildcard localstack/emulator/dynamodb/*)
	@localstack/step 'DynamoDB Local' localstack/emulator/dynamodb/install '$(CURDIR)/$(@D)'
	@touch $@

.local/versitygw/.made: localstack/emulator/versitygw/install
	@localstack/step 'versitygw' localstack/emulator/versitygw/install '$(CURDIR)/$(@D)'
	@touch $@

.local/functions/.made: $(call sources,functions internal)
	@localstack/step 'functions' localstack/functions $(@D)
	@touch $@

# The release that the test of an upgrade starts from.
.local/release/.made: localstack/release localstack/node_modules/.made
	@localstack/step 'release' localstack/release $(@D)
	@touch $@

.local/dist/.made-arm64: processor := arm64
.local/dist/.made-x86_64: processor := amd64
.local/dist/.made-arm64 .local/dist/.made-x86_64: $(call sources,functions internal)
	@GOOS=linux GOARCH=$(processor) localstack/step 'functions for AWS' localstack/functions $(@D)
	@touch $@

.local/bin/operator: $(call sources,infra/operator internal)
	@localstack/step 'operator' go build -o $@ ./infra/operator
	@touch $@

.local/bin/infra: $(call sources,infra internal)
	@localstack/step 'CDK app' go build -o $@ ./infra
	@touch $@

$(WAYBILL): $(call sources,localstack/*.go localstack/*/*.go internal)
	@localstack/step 'local tools' go build -o $@ ./localstack
	@touch $@
