# Revenue per month and region out of the order system's export.
#
# What counts as an order line, and what is done with odd values:
#   order number  when it comes twice, the later line corrects the earlier
#   date          2025-03-09, 09.03.2025 and 9 Mar 2025 are read; others are dropped
#   quantity      "1,200", "12 pcs" and " 12" are read; a negative one is a return
#   unit price    1,249.00, 1.249,00, 4,90 and EUR 4.90 are read; others are dropped
#   region        Nord, WEST and "East " are put right; missing ones become Unknown
import matplotlib.pyplot as plt
import pandas as pd

FIRST, LAST = "2024-11-01", "2026-10-31"
REGIONS = ["North", "East", "South", "West", "Unknown"]
OTHER_NAMES = {"Nord": "North", "Ost": "East", "S\u00fcd": "South"}

rows = pd.read_csv("orders.csv", dtype=str, keep_default_na=False)
rows = rows.apply(lambda column: column.str.strip())
kept = rows
dropped = {}


def drop(reason, mask):
    global kept
    dropped[reason] = int(mask.sum())
    kept = kept[~mask]


def read_date(text):
    text = text.str.replace(" 00:00:00", "", regex=False)
    result = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    for pattern in ("%d.%m.%Y", "%d %b %Y"):
        result = result.fillna(pd.to_datetime(text, format=pattern, errors="coerce"))
    return result


def read_price(text):
    # The last separator with one or two digits behind it is the decimal point.
    text = text.str.replace("EUR", "", regex=False).str.strip()
    whole = text.str.replace(r"[.,]\d{1,2}$", "", regex=True)
    whole = whole.str.replace(r"[.,]", "", regex=True)
    cents = text.str.extract(r"[.,](\d{1,2})$")[0].fillna("0")
    return pd.to_numeric(whole + "." + cents, errors="coerce").where(whole != "")


def read_quantity(text):
    text = text.str.replace(",", "", regex=False).str.replace(" pcs", "", regex=False)
    return pd.to_numeric(text, errors="coerce")


drop("empty line", (kept == "").all(axis=1))
drop("total line", kept["order_no"] == "TOTAL")
drop("test order", kept["customer"].str.startswith("TEST"))
numbered = kept["order_no"] != ""
drop("replaced by a later line", numbered & kept.duplicated("order_no", keep="last"))

kept = kept.assign(
    date=read_date(kept["order_date"]),
    pieces=read_quantity(kept["quantity"]),
    price=read_price(kept["unit_price"]),
    percent=pd.to_numeric(kept["discount"].str.rstrip("% "), errors="coerce").fillna(0),
)
drop("no date that can be read", kept["date"].isna())
drop("date outside the two years", (kept["date"] < FIRST) | (kept["date"] > LAST))
drop("no quantity", kept["pieces"].isna())
drop("no price", kept["price"].isna())

region = kept["region"].replace(OTHER_NAMES).str.capitalize()
kept = kept.assign(
    region=region.where(region.isin(REGIONS), "Unknown"),
    month=kept["date"].dt.strftime("%Y-%m"),
    revenue=kept["pieces"] * kept["price"] * (1 - kept["percent"] / 100),
)

print(f"rows read {len(rows)}, used {len(kept)}, dropped {sum(dropped.values())}:")
for reason, count in dropped.items():
    print(f"  {count:4}  {reason}")
assert len(rows) == len(kept) + sum(dropped.values())
returns = kept[kept["pieces"] < 0]
print(f"of the used, returns: {len(returns)} rows, {returns['revenue'].sum():,.2f} EUR")

table = kept.pivot_table("revenue", index="month", columns="region", aggfunc="sum")
table = table.reindex(columns=REGIONS).fillna(0).round(2)

COLOURS = ["#2f5d8a", "#6fa8c9", "#4f8a6b", "#d9a441", "#b9bcc2"]
axes = table.plot(kind="bar", stacked=True, width=0.8, figsize=(10, 5), color=COLOURS)
axes.set(title="Revenue per month and region, EUR", xlabel="", ylabel="")
axes.set_ylim(top=1.15 * table.sum(axis=1).max())
axes.yaxis.set_major_formatter("{x:,.0f}")
axes.legend(frameon=False, ncol=len(REGIONS), loc="upper left")
axes.spines[["top", "right"]].set_visible(False)
plt.tight_layout()

table["Total"] = table.sum(axis=1).round(2)
table = table.rename_axis(columns=None).reset_index()
table.to_csv("revenue_by_month_and_region.csv", index=False)
table
