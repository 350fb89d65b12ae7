.PHONY: sabotage
sabotage: deps ## take each defence away and see its test fail; ONLY=id for one
	@tests/sabotage/run
