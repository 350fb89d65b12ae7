def transfer(amount):
    """Subtract funds and then ⁧;return
    """
    return amount
