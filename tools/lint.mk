# One stamp per file and analyzer, so that only what changed is looked at again.
include Makefile

out := build/lint
files := $(filter-out build/%,$(common) $(api) $(worker) $(admin) $(policy) $(units) $(call sources, \
  tests/model tests/bench $(patsubst %/,%,$(wildcard tests/bench/*/))))
flags = -std=gnu17 -D_GNU_SOURCE -I. -Ibuild/gen -isystem /usr/include/postgresql \
  -isystem /usr/include/hiredis

.PHONY: analyze tidy
analyze: $(files:%=$(out)/%.analyzed)
tidy: $(files:%=$(out)/%.tidied)

$(out)/%.analyzed: % $(BUILD)/gen/statements.h
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fanalyzer -MMD -MP -MF $@.d -MT $@ -c -o /dev/null $<
	@touch $@

$(out)/%.tidied: % .clang-tidy $(BUILD)/gen/statements.h
	@mkdir -p $(@D)
	@clang-tidy --quiet $< -- $(flags) 2>&1 | \
	  awk '!/warnings? (generated|treated)|^Suppressed|^Use -header|^$$/ { print }' >$@.new; \
	  status=$${PIPESTATUS[0]}; cat $@.new; exit $$status
	@mv $@.new $@

-include $(shell find $(out) -name '*.d' 2>/dev/null)
