# The product under faults: the variant with fault points, what is preloaded, and the runner.
.PHONY: fault fault-programs

fault: build ## the product under faults; TRIALS=N and SEED=N; ends with N passed, N failed
	@$(MAKE) -s --no-print-directory build/bench/instant fault-programs build/fault/preload.so
	@node tests/fault/run.mjs

fault-programs:
	@$(MAKE) -s --no-print-directory -j$(JOBS) VARIANT=fault programs build/fault/run_job

build/fault/preload.so: tests/fault/preload.c
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) -std=gnu17 -g -O2 $(warnings) -D_GNU_SOURCE -shared -fPIC -o $@ $<
