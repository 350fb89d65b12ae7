select [値]
