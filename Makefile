# Builds four programs and the page. `make help` lists what people type.
SHELL := /bin/bash
VARIANT ?=
BUILD := build$(if $(VARIANT),/$(VARIANT))
CC := gcc
quiet := $(if $(V),,@)
JOBS ?= $(shell nproc)

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
  -Wconversion -Wno-sign-conversion -Werror
hardening := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
libraries := libpq hiredis libcurl jansson libmicrohttpd libsodium libseccomp libcrypto cjose \
  icu-i18n icu-uc liboath
# Looked up when the first file is compiled: by then make deps has installed them.
packages = $(eval packages := $$(shell pkg-config --cflags $(libraries) | sed 's/-I/-isystem /g'))$(packages)
libs = $(eval libs := $$(shell pkg-config --libs $(libraries)))$(libs)
CFLAGS = -std=gnu17 -g -O2 $(warnings) $(hardening) -D_GNU_SOURCE -pthread -I. -Ibuild/gen \
  $(if $(filter fault,$(VARIANT)),-DCOUNTERSIGN_FAULTS) $(packages) $(EXTRA_CFLAGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(EXTRA_LDFLAGS)

sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
common := $(call sources,common/base common/io common/domain)
api := $(call sources,api api/http api/routes api/requests api/sign_in api/live api/trail)
# What reads code for people: the api's, and of it what the command must know before it prints, so
# that no worker loads Unicode's tables.
reading := $(addprefix common/domain/,code.c deception.c deception_scan.c names.c source.c \
  unicode.c)
shared = $(filter-out $(reading),$(common))
worker := $(call sources,worker worker/llm worker/sandbox worker/sandbox/local worker/sandbox/e2b \
  worker/sandbox/daytona worker/target)
admin := $(call sources,admin admin/audit admin/stack)
policy := $(call sources,policy)
python_grammar := node_modules/tree-sitter-python/src
policy_libs := -lpg_query -l:libtree-sitter.a -lseccomp -ljansson -lsodium -lm
statements := build/gen/statements.c
embedded := build/gen/embedded.c
# What the api has inside: the page, and the passwords that guessing begins with.
page := build/gen/page.c
common_passwords := build/gen/common_passwords.c
units := $(call sources,tests/unit)
support := $(call sources,tests/unit/support)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
mains := api/main.c worker/main.c admin/main.c policy/main.c
programs := $(if $(wildcard api/main.c),$(BUILD)/countersign-api) \
  $(BUILD)/countersign-worker $(BUILD)/countersign $(BUILD)/countersign-policy
tests := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(units))

.PHONY: all help deps build programs unit-tests test test-unit test-sql test-flow \
  test-browser lint security-page format run demo image clean
.DELETE_ON_ERROR:

all: build

help:
	@awk -f tools/help.awk $(MAKEFILE_LIST)

deps: ## install what is missing from Debian and npm
	@tools/deps

build: deps ## build everything into build/
	@$(MAKE) -s --no-print-directory -j$(JOBS) programs

programs: $(programs)

$(BUILD)/countersign-api: $(call objects,$(common) $(api) $(statements) $(page) \
  $(common_passwords))
$(BUILD)/countersign-worker: $(call objects,$(shared) $(worker) $(statements))
$(BUILD)/countersign: $(call objects,$(shared) \
  $(addprefix common/domain/,code.c names.c unicode.c) $(admin) $(statements) $(embedded))
$(BUILD)/countersign-policy: $(call objects,$(policy)) $(BUILD)/obj/policy/grammar/parser.o \
  $(BUILD)/obj/policy/grammar/scanner.o $(BUILD)/libbase.a
$(BUILD)/countersign-policy: libs = $(policy_libs)
$(programs):
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(libs)

# Of this the policy child takes only what it uses, and so none of the libraries of the rest.
$(BUILD)/libbase.a: $(call objects,$(call sources,common/base))
	@rm -f $@ && ar qcs $@ $^

# Everything but the three main functions, for the unit tests to link against.
$(BUILD)/libcountersign.a: $(call objects,$(filter-out $(mains),$(common) $(api) $(worker) $(admin) \
  $(statements) $(embedded) $(page) $(common_passwords)))
	@rm -f $@ && ar qcs $@ $^
unit-tests: $(tests)
$(BUILD)/unit/test_policy_child $(BUILD)/unit/test_policy_python: | $(BUILD)/countersign-policy
# Calls that a test answers itself; the database's by tests/unit/support/script.h.
scripted := db_run db_pool_run
wraps_test_crypto := sodium_init
wraps_test_factor := $(scripted)
wraps_test_identity := $(scripted)
wraps_test_inputs := $(scripted) memfd_create fcntl64 write
wraps_test_transition := $(scripted) doorbell_announce doorbell_ring
wraps_test_login := $(scripted) crypto_pwhash_str
wraps_test_login_unknown := $(scripted) crypto_pwhash_str_verify
wraps_test_heartbeat := $(scripted) db_check_statements db_pool_take backends_report \
  pulse_wait
wraps_test_slots := pthread_create pthread_cond_timedwait
wraps_run := slot_attempt slot_stopped slot_told slot_lease_is_ours slot_wait slot_attach slot_detach \
  backends_find backend_enter backend_works backend_leave pulse_ring inputs_fetch \
  attempt_is_what_was_approved approval_check transition_start transition_start_holds transition_release \
  transition_refuse transition_finish marker_add marker_drop adopt_run output_start output_auto \
  output_end
wraps_test_run := $(wraps_run)
wraps_test_run_end := $(wraps_run)
unit_wraps = $(foreach name,$(wraps_$(notdir $(1))),-Wl,--wrap=$(name))
$(tests): $(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(call objects,$(support)) \
  $(BUILD)/libcountersign.a
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) $(call unit_wraps,$@) -o $@ $^ $(libs) -lcmocka

# Runs one job on one backend without a database.
$(BUILD)/run_job: $(call objects,$(call sources,tests/support)) $(BUILD)/libcountersign.a
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(libs)

# Verifies the audit trail after each line of SQL.
$(BUILD)/verify_lines: $(call objects,tests/audit/verify_lines.c) $(BUILD)/libcountersign.a
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(libs)

$(BUILD)/obj/%.o: %.c | build/gen/statements.h
	@mkdir -p $(@D)
	@echo 'compile $<'
	$(quiet)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# The grammar comes with its own C, which is not ours to lay out.
$(BUILD)/obj/policy/grammar/%.o: $(python_grammar)/%.c
	@mkdir -p $(@D)
	@echo 'compile $<'
	$(quiet)$(CC) -std=gnu17 -O2 -w $(hardening) -I$(python_grammar) $(EXTRA_CFLAGS) -c -o $@ $<

# Carries these inside.
$(BUILD)/obj/worker/sandbox/programs.o: $(wildcard worker/sandbox/*.py worker/sandbox/local/*.py)

queries := $(sort $(wildcard sql/queries/*.sql))
build/gen/statements.h $(statements) &: tools/statements.awk $(queries) sql/queries
	@mkdir -p build/gen
	@awk -f tools/statements.awk -v out=build/gen/statements $(queries) </dev/null

sql_files := $(sort $(wildcard sql/roles.sql sql/stack/*.sql sql/schema/*.sql sql/functions/*.sql \
  sql/views/*.sql))
$(embedded): tools/embed_sql $(sql_files) $(wildcard sql/schema sql/functions sql/views)
	@mkdir -p build/gen
	@tools/embed_sql $(sql_files) >$@.new && mv $@.new $@

page_files := $(shell find reviewer-ui -type f 2>/dev/null | sed 's/ /\\ /g')
build/page/index.html: $(page_files) $(wildcard package-lock.json)
	@echo 'build the page'
	$(quiet)node reviewer-ui/build.mjs
$(page): tools/embed_page $(if $(page_files),build/page/index.html)
	@mkdir -p build/gen
	@tools/embed_page build/page $$(find build/page -type f 2>/dev/null | LC_ALL=C sort) >$@.new
	@mv $@.new $@

$(common_passwords): tools/common_passwords.mjs package-lock.json
	@mkdir -p build/gen
	@node tools/common_passwords.mjs >$@.new && mv $@.new $@

test: build ## every test; ends with one line: N passed, N failed, N skipped
	@tools/test unit sql flow browser
test-unit: build ## the tests of C modules
	@tools/test unit
test-sql: build ## the tests of the database
	@tools/test sql
test-flow: build ## stories through the running product
	@tools/test flow
test-browser: build ## the page in Chromium
	@tools/test browser

lint: deps ## every check of the source that needs no running
	@tools/lint

security-page: ## docs/security.md and docs/asvs.md out of what the tests say that they prove
	@node tools/security_page.mjs

format: ## lay the C files out as lint wants them
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -d '\n' clang-format -i

run: build ## the whole product at http://127.0.0.1:8080, kept in .data/
	@exec tools/run

demo: build ## one question from the form to the answer, as two people; SANDBOX=e2b or daytona
	@tools/demo/run

include tests/bench/rules.mk tests/model/rules.mk tests/fault/rules.mk

include tests/sabotage/rules.mk tests/coverage/rules.mk

include tests/fuzz/rules.mk

image: deps ## the container images, built and tried without Docker; as root
	@tools/image

clean: ## remove what was built; .data stays
	rm -rf build

include tests/sanitizers/rules.mk tests/torture/rules.mk
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
