// A few requests in different states, made over HTTP by people of their own.
import { readFileSync } from 'node:fs';
import { operator } from './demo/operator.mjs';
import { Session } from './demo/http.mjs';

const code = (name) => readFileSync(new URL(`demo/${name}`, import.meta.url), 'utf8');

const requests = [
  { title: 'Revenue per month and region', language: 'python', code: code('revenue.py'),
    question: 'What did we sell per month and region, once odd values are put right?',
    verdict: 'approve', note: 'Read it all; dates and prices are handled.' },
  { title: 'Which products come back', language: 'sql', code: code('returns.sql'),
    question: 'How many pieces of each product were sold and returned?', verdict: 'approve' },
  { title: 'Average discount', language: 'python',
    question: 'How much discount do we give on average?',
    code: "import pandas as pd\norders = pd.read_csv('orders.csv')\n" +
      "orders['discount'].astype(float).mean()\n", verdict: 'approve' },
  { title: 'Copy of the customer list', language: 'sql',
    question: 'All customers with everything we know.', code: 'select distinct * from orders\n',
    verdict: 'reject', note: 'The whole table is not an answer; ask for what you need.' },
  { title: 'Best sales rep', language: 'sql', question: 'Who sells most?',
    code: 'select sales_rep, count(*) as orders from orders group by 1 order by 2 desc\n',
    verdict: 'request_changes', note: 'Lines that were corrected are counted twice here.' },
  { title: 'Orders per weekday', language: 'python',
    question: 'On which weekdays do orders come in?',
    code: "import pandas as pd\norders = pd.read_csv('orders.csv')\n" +
      "day = pd.to_datetime(orders['order_date'], errors='coerce').dt.day_name()\n" +
      "day.value_counts().rename_axis('weekday').reset_index(name='orders')\n" },
  { title: 'Customers without a region', language: 'sql',
    question: 'For which customers is the region missing?',
    code: 'select customer, count(*) as orders from orders\n' +
      "where coalesce(trim(region), '') = ''\n" + 'group by customer order by orders desc\n' },
  { title: 'Price of the coffee grinder over time', language: 'python',
    question: 'How did the price of the Coffee grinder K30 change?',
    code: "import matplotlib.pyplot as plt\nimport pandas as pd\n" +
      "orders = pd.read_csv('orders.csv')\n" +
      "grinder = orders[orders['product'] == 'Coffee grinder K30'].copy()\n" +
      "grinder['date'] = pd.to_datetime(grinder['order_date'], errors='coerce')\n" +
      "grinder['price'] = pd.to_numeric(grinder['unit_price'], errors='coerce')\n" +
      "grinder = grinder.dropna(subset=['date', 'price']).sort_values('date')\n" +
      "plt.plot(grinder['date'], grinder['price'], drawstyle='steps-post')\n" +
      "plt.ylabel('EUR')\nplt.show()\ngrinder[['date', 'price']].tail(20)\n" },
];

async function decide(reviewer, made, { verdict, note }) {
  const { findings } = await reviewer.get(`/api/requests/${made.id}`);
  await reviewer.post(`/api/requests/${made.id}/decisions`, {
    verdict, revision: made.revision, bundle_sha256: made.bundle_sha256, undo_seconds: 0,
    ...(note ? { note } : {}),
    acknowledged: findings.filter(({ level }) => level !== 'note').map(({ id }) => id),
  });
}

/** Its state, once nothing is under way any more. */
async function settled(analyst, id) {
  let detail = await analyst.get(`/api/requests/${id}`);
  while (['approved', 'running'].includes(detail.state))
    detail = await analyst.get(`/api/requests/${id}?wait=20&until=done`);
  return detail.state.replace('_', ' ');
}

/** Asks as ana, decides as rob; what is approved has run when this returns. */
export async function seed(url) {
  const analyst = await Session.fromLink(url, await operator('link', 'ana'));
  const reviewer = await Session.fromLink(url, await operator('link', 'rob'));
  const orders = readFileSync(new URL('demo/orders.csv', import.meta.url));
  const file = await analyst.upload('orders.csv', orders);
  for (const { verdict, note, ...request } of requests) {
    const made = await analyst.post('/api/requests', { ...request, files: [{ id: file.id }] });
    if (verdict) await decide(reviewer, made, { verdict, note });
    const state = await settled(analyst, made.id);
    console.log(`  ${String(made.id).padStart(3)}  ${request.title}: ${state}`);
  }
}
