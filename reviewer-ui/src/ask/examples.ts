// Three questions with code and a small data file, to fill the form on the first visit.
import type { Draft } from './draft';

export interface Example {
  name: string;
  draft: Pick<Draft, 'question' | 'language' | 'code'>;
  file: () => File;
}

const regions = ['North', 'West', 'South', 'East'];
const products = ['Lamp', 'Chair', 'Desk', 'Shelf', 'Rug'];

// A year of orders, the same each time, with a few gaps as real files have.
function ordersCsv(): string {
  const lines = ['order,day,region,product,pieces,price'];
  let seed = 7;
  const next = (most: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * most);
  };
  for (let n = 1; n <= 240; n += 1) {
    const day = new Date(Date.UTC(2025, 0, 1 + next(365))).toISOString().slice(0, 10);
    const region = next(25) === 0 ? '' : regions[next(4)];
    const pieces = next(40) === 0 ? '' : String(1 + next(9));
    const price = (19 + next(280) + next(100) / 100).toFixed(2);
    lines.push(`${1000 + n},${day},${region},${products[next(5)]},${pieces},${price}`);
  }
  lines.push(lines[12] ?? '', lines[80] ?? '');
  return `${lines.join('\n')}\n`;
}

function ordersFile(): File {
  return new File([ordersCsv()], 'orders.csv', { type: 'text/csv' });
}

const monthly = `import pandas as pd
import matplotlib.pyplot as plt

orders = pd.read_csv("orders.csv", parse_dates=["day"])
orders["value"] = orders["pieces"] * orders["price"]

# Orders without a region are shown as their own group, not left out
orders["region"] = orders["region"].fillna("Not given")
orders["month"] = orders["day"].dt.strftime("%Y-%m")

monthly = orders.pivot_table(
    index="month", columns="region", values="value", aggfunc="sum", fill_value=0
)
monthly.plot(figsize=(8, 4), title="Sales by month and region")
plt.ylabel("Value")
plt.tight_layout()

monthly.round(2).reset_index()
`;

const best = `-- Value of each product, best first
select product,
       count(*)                        as orders,
       sum(pieces)                     as pieces,
       round(sum(pieces * price), 2)   as value
from orders
where pieces is not null
group by product
order by value desc;
`;

const gaps = `import pandas as pd

orders = pd.read_csv("orders.csv")

print(f"{len(orders)} rows, {orders.duplicated().sum()} of them appear twice")

missing = orders.isna().sum()
report = pd.DataFrame({
    "column": missing.index,
    "missing": missing.values,
    "share": (missing.values / len(orders) * 100).round(1),
    "different values": [orders[name].nunique() for name in missing.index],
})
report
`;

export const examples: Example[] = [
  {
    name: 'Sales by month and region',
    draft: {
      question: 'How did sales change by month in each region?',
      language: 'python',
      code: monthly,
    },
    file: ordersFile,
  },
  {
    name: 'Best products',
    draft: { question: 'Which products bring in the most?', language: 'sql', code: best },
    file: ordersFile,
  },
  {
    name: 'Gaps and doubles in a file',
    draft: {
      question: 'Is the orders file complete, or are there gaps and double rows?',
      language: 'python',
      code: gaps,
    },
    file: ordersFile,
  },
];
