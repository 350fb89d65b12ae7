# Fuzzing: one program per harness, linked with the product's code as clang's
# sanitizers see it. See docs/fuzzing.md.
FUZZ_SECONDS ?= 10
fuzz_cc := clang
fuzz_flags = -std=gnu17 -g -O2 -fno-omit-frame-pointer -fsanitize=address,undefined \
  -fno-sanitize-recover=all \
  $(filter-out -Wconversion,$(warnings)) -Wno-missing-field-initializers -D_GNU_SOURCE \
  -pthread -I. -Ibuild/gen $(packages)
fuzz_object = $(patsubst %.c,build/fuzz/obj/%.o,$(1))
fuzz_library := build/fuzz/libcountersign.a
fuzz_support := $(call fuzz_object,$(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))
fuzzers := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

# Functions that a harness puts its own in place of: what would leave the process.
wraps_fuzz_daytona := http_call
wraps_fuzz_e2b := http_call
wraps_fuzz_breaker := redis_values redis_value_set redis_value_add redis_values_drop \
  redis_values_drop_if log_write log_error
wraps_fuzz_http_answer := curl_easy_setopt curl_easy_getinfo
wraps_fuzz_settings := memory_text
wraps_fuzz_jws := cjose_jws_verify
wraps_fuzz_routes := database_ready judging_add identity_find identity_check meters_count_db_error log_error \
  db_run batch_call batch_call_all streams_close_session
fuzz_wraps = $(foreach name,$(wraps_$(notdir $(1))),-Wl,--wrap=$(name))

.PHONY: fuzz fuzz-planted fuzzers fuzz-planted-one

fuzz: deps ## what reads bytes from outside, against libFuzzer; FUZZ_SECONDS each
	@$(MAKE) -s --no-print-directory -j$(JOBS) fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) node tests/fuzz/run.mjs

fuzz-planted: deps ## proves that each fuzz harness finds a planted bug
	@$(MAKE) -s --no-print-directory -j$(JOBS) fuzzers
	@node tests/fuzz/planted.mjs

fuzzers: $(fuzzers)

fuzz_grammar := build/fuzz/obj/policy/grammar/parser.o build/fuzz/obj/policy/grammar/scanner.o
$(fuzz_library): $(call fuzz_object,$(filter-out $(mains),$(common) $(api) $(worker) $(policy) \
  $(statements) $(page) $(common_passwords))) $(fuzz_grammar)
	@rm -f $@ && ar qcs $@ $^

fuzz_link = $(fuzz_cc) -fsanitize=fuzzer,address,undefined -pthread $(call fuzz_wraps,$(1))
$(fuzzers): build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(fuzz_support) $(fuzz_library)
	@echo 'link $@'
	$(quiet)$(call fuzz_link,$@) -o $@ $^ $(libs) $(policy_libs)

build/fuzz/obj/policy/grammar/%.o: $(python_grammar)/%.c
	@mkdir -p $(@D)
	$(quiet)$(fuzz_cc) -g -O1 -w -fsanitize=fuzzer-no-link,address -I$(python_grammar) -c -o $@ $<

fuzz_compile = $(fuzz_cc) $(fuzz_flags) -fsanitize=fuzzer-no-link
build/fuzz/obj/%.o: %.c | build/gen/statements.h
	@mkdir -p $(@D)
	@echo 'compile for fuzzing $<'
	$(quiet)$(fuzz_compile) -MMD -MP -c -o $@ $<

# For planted.mjs: the changed object goes before the library, which then needs not give its own.
build/fuzz/planted/%.o: build/fuzz/planted/%.c
	$(quiet)$(fuzz_compile) -w -c -o $@ $<
fuzz-planted-one: $(CHANGED)
	$(quiet)$(call fuzz_link,$(HARNESS)) -o $(OUT) build/fuzz/obj/tests/fuzz/$(HARNESS).o $(CHANGED) \
	  $(fuzz_support) $(fuzz_library) $(libs) $(policy_libs)

build/fuzz/obj/worker/sandbox/programs.o: \
  $(wildcard worker/sandbox/*.py worker/sandbox/local/*.py)

-include $(shell find build/fuzz/obj -name '*.d' 2>/dev/null)
