# The functions of the database against a model of them: EVENTS=, SEED=, SECONDS=, CLIENTS=
model := build/model/model
model: build ## the functions of the database with random events, against a model of them
	@$(MAKE) -s --no-print-directory $(model)
	@tests/model/run
$(model): $(call objects,$(call sources,tests/model)) build/libcountersign.a
	@mkdir -p $(@D)
	@echo 'link $@'
	$(quiet)$(CC) $(LDFLAGS) -o $@ $^ $(libs)
.PHONY: model
