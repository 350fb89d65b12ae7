note = "ok󠁲󠁵󠁮"
