#!/usr/bin/python3
"""Writes orders.csv: two years of orders of a small wholesaler for cafes and delis,
as an old order system exports them, with the gaps and odd values such files have.

    tools/demo/make_orders.py > tools/demo/orders.csv

The same bytes on every machine: one seed, and nothing but random() is drawn from it.
"""
import csv
import datetime
import io
import random
import sys

SEED = 20241101
FIRST_DAY = datetime.date(2024, 11, 1)
DAYS = 730
ORDERS = 2600

COLUMNS = ["order_no", "order_date", "customer", "region", "product", "category", "quantity",
           "unit_price", "discount", "sales_rep", "legacy_ref", "note"]

# name, region, how often it orders
CUSTOMERS = [
    ("Café Zur Alten Post", "North", 5), ("Bäckerei Grünwald", "North", 8),
    ("Feinkost Möller & Söhne", "North", 6), ("Hofladen Petersen, Inh. A. Petersen", "North", 3),
    ("Hotel Seeblick", "North", 4), ("Rösterei Kontor 7", "North", 5),
    ("Café Müßiggang", "East", 6), ("Kantine Spreeufer GmbH", "East", 9),
    ("Deli Łukasz", "East", 4), ("Bistro \"Le Coin\"", "East", 3),
    ("Markthalle Neun, Stand 14", "East", 4),
    ("Bäckerei Größl", "South", 7), ("Gasthof Zum Löwen", "South", 5),
    ("Käserei Allgäu eG", "South", 6), ("Café Crème", "South", 4),
    ("Tagungshaus St. Ulrich", "South", 3), ("Weinstube Jäger", "South", 4),
    ("Brasserie Rhein, Köln", "West", 7), ("Feinkost Dübbers", "West", 5),
    ("Campus Café Aachen", "West", 8), ("Konditorei Heinemeyer", "West", 6),
    ("O'Malley's Tearoom", "West", 2), ("Büdchen am Ring", "West", 3),
]

# name, category, list price, usual quantity, how often it is ordered
PRODUCTS = [
    ("Espresso beans 1 kg", "Coffee", 17.90, 18, 12),
    ("Filter coffee 500 g", "Coffee", 8.40, 24, 9),
    ("Decaf beans 1 kg", "Coffee", 19.50, 6, 4), ("Oat drink 1 l", "Drinks", 1.65, 60, 10),
    ("Apple juice 0.7 l", "Drinks", 2.10, 48, 6), ("Chai syrup 1 l", "Drinks", 11.20, 6, 3),
    ("Almond biscuits 200 g", "Bakery", 3.35, 30, 7),
    ("Rye crispbread 250 g", "Bakery", 2.45, 36, 4),
    ("Butter croissant, frozen (60)", "Bakery", 26.80, 5, 8),
    ("Mountain cheese 2 kg", "Dairy", 31.90, 4, 6), ("Crème fraîche 1 kg", "Dairy", 4.95, 12, 5),
    ("Olive oil 5 l", "Pantry", 42.50, 3, 5), ("Sea salt 1 kg", "Pantry", 1.95, 20, 3),
    ("Paper cups 0.2 l (1000)", "Supplies", 58.00, 3, 5),
    ("Napkins, white (500)", "Supplies", 9.90, 8, 4),
    ("Espresso machine, 2 groups", "Equipment", 3490.00, 1, 1),
    ("Coffee grinder K30", "Equipment", 849.00, 1, 1),
]

OTHER_NAMES = {"North": "Nord", "East": "Ost", "South": "Süd", "West": "west"}
REPS = {"North": "J. Brandt", "East": "M. Nowak", "South": "T. Huber", "West": "S. Özdemir"}
NOTES = ["deliver before 9:00", "call first, gate is locked", "usual order",
         "invoice to head office", "said \"same as last week\"", "ring twice,\nback entrance",
         "pallet, tail lift needed"]


class Dice:
    """Draws that depend on random() alone, whose sequence Python promises to keep."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, number):
        return int(self.random() * number)

    def chance(self, percent):
        return self.random() * 100 < percent

    def pick(self, values):
        return values[self.below(len(values))]

    def weighted(self, rows):
        left = self.random() * sum(row[-1] for row in rows)
        for row in rows:
            left -= row[-1]
            if left < 0:
                return row
        return rows[-1]


def date_text(dice, day):
    """Most of the export is ISO; the branch in the south writes dates its own way."""
    kind = dice.below(100)
    if kind < 86:
        return day.isoformat()
    if kind < 94:
        return f"{day.day:02}.{day.month:02}.{day.year}"
    if kind < 98:
        return f"{day.day} {day:%b} {day.year}"
    return dice.pick([day.isoformat() + " ", day.isoformat() + " 00:00:00", "", "n/a",
                      f"{day.year}-02-30"])


def region_text(dice, region):
    kind = dice.below(100)
    if kind < 84:
        return region
    if kind < 88:
        return region + " "
    if kind < 92:
        return region.upper()
    return dice.pick(["", "", "n/a", "-", OTHER_NAMES[region]])


def quantity_text(dice, quantity):
    kind = dice.below(100)
    if kind < 93:
        return f"{quantity:,}" if dice.chance(60) else str(quantity)
    if kind < 95:
        return f" {quantity}"
    if kind < 97:
        return f"{quantity} pcs"
    if kind < 98:
        return f"{quantity}.0"
    return dice.pick(["", "n/a", "?", "one"])


def price_text(dice, price):
    """Prices come as 1249.00, 1,249.00, 1.249,00, 4,90, EUR 4.90 or not at all."""
    kind = dice.below(100)
    english = f"{price:,.2f}"
    if kind < 78:
        return f"{price:.2f}"
    if kind < 86:
        return english
    if kind < 93:
        return english.translate(str.maketrans(",.", ".,"))
    if kind < 96:
        return f"EUR {english}"
    if kind < 98:
        return f"{price:.2f} "
    return dice.pick(["", "n/a", "on request"])


def order_row(dice, number, day):
    name, region, _ = dice.weighted(CUSTOMERS)
    product, category, price, usual, _ = dice.weighted(PRODUCTS)
    years = (day - FIRST_DAY).days / 365
    season = 1.35 if day.month in (11, 12) else 0.85 if day.month in (7, 8) else 1.0
    quantity = max(1, round(usual * season * (0.4 + 1.3 * dice.random()) * (1 + 0.12 * years)))
    if price < 10 and dice.chance(2):
        quantity *= 12
    if dice.chance(4):
        quantity = -max(1, quantity // 3)
    price = round(price * (1 + 0.04 * years) * (0.97 + 0.06 * dice.random()), 2)
    discount = dice.pick(["", "", "", "", "0%", "5%", "5 %", "10%", "n/a"])
    note = "return, damaged" if quantity < 0 else dice.pick(NOTES) if dice.chance(6) else ""
    rep = "" if dice.chance(5) else REPS[region]
    if dice.chance(3):
        name = name + " "
    return [f"B-{number}", date_text(dice, day), name, region_text(dice, region), product,
            category, quantity_text(dice, quantity), price_text(dice, price), discount, rep, "",
            note]


def order_days(dice):
    """Working days for the orders, in order, a few more of them before Christmas."""
    days = []
    while len(days) < ORDERS:
        day = FIRST_DAY + datetime.timedelta(dice.below(DAYS))
        if day.weekday() < 5 and (day.month in (11, 12) or dice.chance(85)):
            days.append(day)
    return sorted(days)


def with_corrections(dice, rows):
    """Some orders were exported twice, some once more after somebody corrected them."""
    result = []
    for row in rows:
        result.append(row)
        if dice.chance(1.5):
            result.append(list(row))
        elif dice.chance(1):
            fixed = list(row)
            fixed[6] = str(1 + dice.below(30))
            fixed[11] = "corrected"
            result.append(fixed)
    return result


def oddities():
    """What somebody typed into a live system and nobody ever removed."""
    test = ["Espresso beans 1 kg", "Coffee"]
    return [
        (400, ["B-99999", "2025-03-03", "TEST do not ship", "North", *test, "99,999", "17.90",
               "", "", "", "TEST"]),
        (900, ["B-90001", "2062-06-12", "Hotel Seeblick", "North", *test, "12", "18.10", "",
               "J. Brandt", "", ""]),
        (1500, [""] * len(COLUMNS)),
        (1800, ["", "2026-02-17", "Café Crème", "South", *test, "6", "18.70", "", "T. Huber", "",
                "number missing"]),
        (2100, ["B-90002", "1926-03-05", "Deli Łukasz", "East", *test, "10", "18.70", "",
                "M. Nowak", "", ""]),
    ]


def make_rows():
    dice = Dice(SEED)
    rows = [order_row(dice, 10001 + n, day) for n, day in enumerate(order_days(dice))]
    rows = with_corrections(dice, rows)
    for position, row in oddities():
        rows.insert(position, row)
    rows.append(["TOTAL", "", "", "", "", "", "", "561,774.20", "", "", "", "end of export"])
    return rows


def main():
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(make_rows())
    sys.stdout.buffer.write(text.getvalue().encode())


if __name__ == "__main__":
    main()
