.PHONY: coverage
coverage: deps ## which lines and branches the tests reach; KINDS='unit sql flow', build/coverage/
	@tools/deps coverage
	@tests/coverage/run
