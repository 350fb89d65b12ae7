# Builds three programs and the page. `make help` lists what people type.
SHELL := /bin/bash
VARIANT ?=
BUILD := build$(if $(VARIANT),/$(VARIANT))
CC := gcc
quiet := $(if $(V),,@)

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
  -Wconversion -Wno-sign-conversion -Werror
hardening := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
libraries := libpq hiredis libcurl jansson libmicrohttpd libsodium libseccomp
CFLAGS := -std=gnu17 -g -O2 $(warnings) $(hardening) -D_GNU_SOURCE -pthread -I. -Ibuild/gen \
  $(if $(filter fault,$(VARIANT)),-DCOUNTERSIGN_FAULTS) \
  $(shell pkg-config --cflags $(libraries) 2>/dev/null | sed 's/-I/-isystem /g')
LDFLAGS := -pie -Wl,-z,relro,-z,now -pthread
LDLIBS := $(shell pkg-config --libs $(libraries) 2>/dev/null)

sources = $(sort $(wildcard $(addsuffix /*.c,$(1))))
common := $(call sources,common/base common/io common/domain)
api := $(call sources,api)
worker := $(call sources,worker worker/llm worker/sandbox worker/target)
admin := $(call sources,admin)
generated := build/gen/statements.c
embedded := build/gen/embedded.c
units := $(call sources,tests/unit)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
mains := api/main.c worker/main.c admin/main.c
programs := $(BUILD)/countersign-api $(BUILD)/countersign-worker $(BUILD)/countersign

.PHONY: all deps programs unit-tests demo bench clean
all: programs

deps:
	@tools/deps

programs: $(programs)

$(BUILD)/countersign-api: $(call objects,$(common) $(api) $(generated)) $(BUILD)/obj/page.o
$(BUILD)/countersign-worker: $(call objects,$(common) $(worker) $(generated))
$(BUILD)/countersign: $(call objects,$(common) $(admin) $(generated) $(embedded))
$(programs):
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Everything but the three main functions, for the unit tests to link against.
$(BUILD)/libcountersign.a: $(call objects,$(filter-out $(mains),$(common) $(api) $(worker) $(admin) \
  $(generated) $(embedded)))
	rm -f $@ && ar qcs $@ $^
unit-tests: $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(units))
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libcountersign.a
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(BUILD)/obj/%.o: %.c | build/gen/statements.h
	@mkdir -p $(@D)
	@echo 'compile $<'
	$(quiet)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

build/gen/statements.h build/gen/statements.c &: tools/statements.awk $(wildcard sql/queries/*.sql)
	@mkdir -p build/gen
	awk -f tools/statements.awk -v out=build/gen/statements $(sort $(wildcard sql/queries/*.sql)) </dev/null

sql_files := $(sort $(wildcard sql/roles.sql sql/stack/*.sql sql/schema/*.sql sql/functions/*.sql \
  sql/views/*.sql))
build/gen/embedded.c: tools/embed_sql $(sql_files) $(wildcard sql/schema sql/functions sql/views)
	@mkdir -p build/gen
	tools/embed_sql $(sql_files) >$@.new && mv $@.new $@

# Packages first: the flags of the others are asked for when make starts anew.
demo: deps
	@$(MAKE) --no-print-directory programs
	@tools/demo/run

bench: deps
	@$(MAKE) --no-print-directory programs build/bench/load
	@node tests/bench/bench.mjs
build/bench/load: $(call objects,$(call sources,tests/bench common/base))
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

clean:
	rm -rf build

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
