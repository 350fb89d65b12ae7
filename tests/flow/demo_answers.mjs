// The demo's two questions answered a second time, in whole cents and without pandas.
import { readFileSync } from 'node:fs';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const REGIONS = { north: 'North', nord: 'North', east: 'East', ost: 'East', south: 'South',
                  'süd': 'South', west: 'West' };

/** The rows of orders.csv as objects, every value trimmed. */
function readOrders() {
    const text = readFileSync(new URL('../../tools/demo/orders.csv', import.meta.url), 'utf8');
    const rows = [];
    let row = [''];
    let quoted = false;
    for (let i = 0; i < text.length; i++) {
        const c = text[i];
        if (quoted && c === '"' && text[i + 1] === '"') row[row.length - 1] += text[i++];
        else if (c === '"') quoted = !quoted;
        else if (!quoted && c === ',') row.push('');
        else if (!quoted && c === '\n') row = rows.push(row) && [''];
        else row[row.length - 1] += c;
    }
    const [names, ...body] = rows;
    return body.map((values) =>
        Object.fromEntries(names.map((name, i) => [name, values[i].trim()])));
}

function monthOf(text) {
    const parts = /^(\d{4})-(\d\d)-(\d\d)(?: 00:00:00)?$/.exec(text)
        ?? [/^(\d\d)\.(\d\d)\.(\d{4})$/.exec(text)].map((m) => m && [0, m[3], m[2], m[1]])[0]
        ?? [/^(\d+) (\w{3}) (\d{4})$/.exec(text)]
            .map((m) => m && [0, m[3], MONTHS.indexOf(m[2]) + 1, m[1]])[0];
    if (!parts) return null;
    const [year, month, day] = parts.slice(1).map(Number);
    const date = new Date(Date.UTC(year, month - 1, day));
    if (date.getUTCMonth() !== month - 1) return null; // 30 February
    const name = date.toISOString().slice(0, 7);
    return name >= '2024-11' && name <= '2026-10' ? name : null;
}

function cents(text) {
    const found = /^(?:EUR )?(\d[\d.,]*?)(?:[.,](\d\d?))?$/.exec(text);
    return found && Number(found[1].replace(/[.,]/g, '')) * 100
        + Number((found[2] ?? '0').padEnd(2, '0'));
}

function pieces(text) {
    const found = /^(-?[\d,]+)(?:\.0| pcs)?$/.exec(text);
    return found && Number(found[1].replaceAll(',', ''));
}

/** Orders that count: no totals, no tests, of each order number the last line. */
function orders() {
    const rows = readOrders().filter((row) =>
        Object.values(row).some(Boolean) && row.order_no !== 'TOTAL'
        && !row.customer.startsWith('TEST'));
    const last = new Map(rows.map((row, place) => [row.order_no, place]));
    return rows.filter((row, place) => !row.order_no || last.get(row.order_no) === place);
}

/** {rows, used, months: Map of month → {region: euros}} */
export function revenue() {
    const months = new Map();
    let used = 0;
    for (const row of orders()) {
        const [month, count, price] = [monthOf(row.order_date), pieces(row.quantity),
                                       cents(row.unit_price)];
        if (month === null || count === null || price === null) continue;
        const discount = Number(/^(\d+) ?%$/.exec(row.discount)?.[1] ?? 0);
        const region = REGIONS[row.region.toLowerCase()] ?? 'Unknown';
        const sums = months.get(month) ?? {};
        sums[region] = (sums[region] ?? 0) + count * price * (100 - discount); // 1/10,000 euro
        months.set(month, sums);
        used += 1;
    }
    for (const sums of months.values())
        for (const region of Object.keys(sums)) sums[region] /= 10000;
    return { rows: readOrders().length, used, months };
}

/** Map of product → {orders, sold, returned} */
export function returns() {
    const products = new Map();
    for (const row of orders()) {
        const count = pieces(row.quantity);
        if (count === null) continue;
        const sums = products.get(row.product) ?? { orders: 0, sold: 0, returned: 0 };
        sums.orders += 1;
        sums[count < 0 ? 'returned' : 'sold'] += Math.abs(count);
        products.set(row.product, sums);
    }
    return products;
}
