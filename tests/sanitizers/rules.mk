# Builds that watch themselves: VARIANT=asan, with the fault points, so
# that one build serves every story. docs/sanitizers.md says how to read what they find.
ifneq ($(filter asan,$(VARIANT)),)
sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=all
endif
ifdef sanitizers
# The checked string functions of FORTIFY_SOURCE would go round the sanitizer's own.
hardening := -U_FORTIFY_SOURCE -fPIE
CFLAGS += -O1 $(sanitizers) -fno-omit-frame-pointer -DCOUNTERSIGN_FAULTS
watch := $(BUILD)/obj/tests/sanitizers/options.o
LDFLAGS += $(sanitizers) $(watch)
$(programs) $(tests) $(BUILD)/run_job: | $(watch)
endif

.PHONY: sanitized asan asan-short
sanitized: programs unit-tests $(BUILD)/run_job
watched = $(MAKE) -s --no-print-directory -j$(JOBS) VARIANT=$(1) sanitized && \
  tests/sanitizers/run $(1) tools/test

asan: build ## every test under AddressSanitizer and UBSan
	@$(call watched,asan) unit sql flow browser
asan-short: build ## the tests of C modules and three stories under them
	@$(call watched,asan) unit
	@ONLY='api_main_path worker_runs kill_worker' tests/sanitizers/run asan tools/test flow
