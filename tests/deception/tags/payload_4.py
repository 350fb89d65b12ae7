note = "ok󠁲󠁭󠀠󠀭󠁲󠁦"
