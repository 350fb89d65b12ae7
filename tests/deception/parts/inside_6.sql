select "a""値"
