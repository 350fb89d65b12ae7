# What `make bench` needs besides the product, all below build/bench/.
.PHONY: bench bench-programs

bench: build ## how fast it is, side by side with PostgreSQL's own limit; PEERS=1 adds two others
	@$(MAKE) -s --no-print-directory bench-programs
	@node tests/bench/bench.mjs

bench_programs := $(addprefix build/bench/,load instant minimal paced bare hold parse)
bench-programs: $(bench_programs) $(addprefix build/bench/countersign-,worker api policy)

instant := $(sort $(wildcard tests/bench/instant*.c))
base := $(call sources,common/base)
answers := tests/bench/answer.c
build/bench/load: $(call objects,$(filter-out $(instant),$(call sources,tests/bench common/base)))
build/bench/instant: $(call objects,$(instant) $(base))
build/bench/minimal: $(call objects,$(call sources,tests/bench/minimal) $(base))
build/bench/paced: $(call objects,$(call sources,tests/bench/paced) $(answers) $(base))
build/bench/hold: $(call objects,$(call sources,tests/bench/hold) $(answers) $(base))
build/bench/parse: $(call objects,$(call sources,tests/bench/parse)) \
  $(BUILD)/obj/policy/grammar/parser.o $(BUILD)/obj/policy/grammar/scanner.o
build/bench/parse: libs = $(policy_libs)
build/bench/bare: $(call objects,$(call sources,tests/bench/bare)) $(BUILD)/libcountersign.a

# The shipped api with what judges code for it, and the worker whose local sandbox runs nothing: all the rest of it is the
# product's.
build/bench/countersign-worker: $(call objects,$(call sources,tests/bench/noop) \
  $(filter-out worker/sandbox/local/local.c,$(common) $(worker) $(statements)))
build/bench/countersign-api build/bench/countersign-policy: build/bench/%: $(BUILD)/%
	@mkdir -p $(@D)
	@ln -f $< $@

$(bench_programs) build/bench/countersign-worker:
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(libs)
