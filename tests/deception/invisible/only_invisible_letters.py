const = ["a", "ㅤ"]
