note = "ok󠁯󠁳"
