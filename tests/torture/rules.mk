# The sanitized programs once more, linked with calls that fail to order.
ifneq ($(filter asan,$(VARIANT)),)
torture := $(BUILD)/torture
failing := $(BUILD)/obj/tests/torture/failing.o
tortured := $(patsubst $(BUILD)/%,$(torture)/%,$(filter-out %-policy,$(programs)) $(BUILD)/run_job)
.PHONY: tortured
tortured: $(tortured) $(torture)/countersign-policy
$(torture)/countersign-api: $(call objects,$(common) $(api) $(statements) $(page) \
  $(common_passwords))
$(torture)/countersign-worker: $(call objects,$(common) $(worker) $(statements))
$(torture)/countersign: $(call objects,$(common) $(admin) $(statements) $(embedded))
$(torture)/run_job: $(call objects,$(call sources,tests/support)) $(BUILD)/libcountersign.a
$(tortured): $(failing) | $(watch)
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(libs) -ldl
# Nothing is made to fail in who judges; what its failures lead to is told by its unit test.
$(torture)/countersign-policy: $(BUILD)/countersign-policy
	@mkdir -p $(@D) && ln -sf ../$(@F) $@
endif

.PHONY: torture
torture: build ## fail one call after the other and look what comes of it; TORTURE=full: up to 400
	@$(MAKE) -s --no-print-directory -j$(JOBS) VARIANT=asan programs tortured
	@VARIANT=asan node tests/torture/torture.mjs
