# Builds that watch themselves: VARIANT=asan or tsan, with the fault points,
# so that one build serves every story. docs/sanitizers.md says how to read what they find.
sanitizers_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
sanitizers_tsan := -fsanitize=thread
ifdef sanitizers_$(VARIANT)
sanitizers := $(sanitizers_$(VARIANT))
# The checked string functions of FORTIFY_SOURCE would go round the sanitizer's own.
hardening := -U_FORTIFY_SOURCE -fPIE
CFLAGS += -O1 $(sanitizers) -fno-omit-frame-pointer -DCOUNTERSIGN_FAULTS
watch := $(BUILD)/obj/tests/sanitizers/options.o
LDFLAGS += $(sanitizers) $(watch)
$(programs) $(tests) $(BUILD)/run_job: | $(watch)
endif

.PHONY: sanitized asan asan-short tsan tsan-short valgrind
sanitized: programs unit-tests $(BUILD)/run_job
watched = $(MAKE) -s --no-print-directory -j$(JOBS) VARIANT=$(1) sanitized && \
  $(2) tests/sanitizers/run $(1) tools/test

# What the short forms leave out: tests that wait half a minute for a server that hangs, that print
# a flood, or that start sandbox after sandbox.
lengthy := test_db test_live _plain test_local_limits test_local_preflight test_local_output
# Modules with threads.
threaded := test_attempt test_batch test_breaker test_db test_http_ test_launcher test_live \
  test_local test_policy_child test_pulse test_readiness test_redis test_remote test_run_judge \
  test_slots
# Stories in which threads of a program meet: streams, shared commits, slots, kills, judging, seals
# that are told, keys of a provider, the shares of audit verify.
threaded_stories := flow/api_main_path flow/api_events flow/worker_runs flow/worker_many \
  flow/worker_drain flow/kill_worker flow/kill_api flow/kill_redis flow/live_output \
  flow/policy.test flow/audit_webhook flow/oidc_provider flow/audit_signatures

asan: build ## every test under AddressSanitizer and UBSan
	@$(call watched,asan) unit sql flow browser
asan-short: build ## most tests of C modules, and a story, under them
	@$(call watched,asan,EXCEPT='$(lengthy)' ONLY='unit/ flow/worker_runs') unit flow
tsan: build ## what has threads under ThreadSanitizer: tests of C modules and thirteen stories
	@$(call watched,tsan,ONLY='$(threaded) $(threaded_stories)') unit flow
tsan-short: build ## some of them
	@$(call watched,tsan,EXCEPT='$(lengthy)' ONLY='$(threaded) flow/api_main_path') \
	  unit flow
valgrind: build ## two stories with the api and the worker under valgrind's memcheck
	@tools/deps valgrind
	@$(MAKE) -s --no-print-directory build/valgrind/kernel.so
	@ONLY='flow/api_main_path flow/worker_runs' tests/sanitizers/run valgrind tools/test flow
build/valgrind/kernel.so: tests/sanitizers/kernel.c
	@mkdir -p $(@D)
	$(quiet)$(CC) -std=gnu17 -g -O2 $(warnings) -shared -fPIC -o $@ $< -lseccomp
