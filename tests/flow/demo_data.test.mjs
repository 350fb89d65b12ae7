// The demo's data file: made by the script beside it, and as odd as we say it is.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const folder = new URL('../../tools/demo/', import.meta.url);
const file = readFileSync(new URL('orders.csv', folder));

test('the script writes the data file byte for byte', () => {
    const script = new URL('make_orders.py', folder).pathname;
    const made = execFileSync('/usr/bin/python3', [script], { maxBuffer: 1 << 20 });
    assert.ok(made.equals(file), 'run tools/demo/make_orders.py > tools/demo/orders.csv');
});

test('the data file has the size and the oddities of a real export', () => {
    const text = file.toString('utf8');
    assert.ok(file.length < 300 * 1024);
    assert.ok(text.split('\n').length > 2000);
    const oddities = {
        'missing region': /,,(?:Espresso|Filter|Oat)/,
        'return': /,-\d+,/,
        'not available': /,n\/a,/,
        'German date': /,\d\d\.\d\d\.\d{4},/,
        'worded date': /,\d{1,2} [A-Z][a-z]{2} \d{4},/,
        'impossible date': /-02-30,/,
        'thousands in English': /"\d,\d{3}\.\d\d"/,
        'thousands in German': /"\d\.\d{3},\d\d"/,
        'trailing space': / ,/,
        'umlauts': /Müßiggang/,
        'quoted comma': /"Brasserie Rhein, Köln"/,
        'doubled quotes': /"Bistro ""Le Coin"""/,
        'line break in a field': /"ring twice,\nback entrance"/,
        'empty line': /^,{11}$/m,
        'total line': /^TOTAL,/m,
    };
    for (const [name, pattern] of Object.entries(oddities)) assert.match(text, pattern, name);
    const numbers = text.match(/^B-\d+/gm);
    assert.ok(new Set(numbers).size < numbers.length, 'order numbers twice');
});
