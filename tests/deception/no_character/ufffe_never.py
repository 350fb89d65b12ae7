x = "a￾b"
