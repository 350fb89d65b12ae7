os.systеm("ls")
