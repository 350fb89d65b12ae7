note = "ok󠁥󠁸󠁥󠁣"
