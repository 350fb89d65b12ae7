// All defences that are taken away one by one, and what is wrong with the table itself:
// `node tests/sabotage/table.mjs` tells in a moment which entries the code has moved away from.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import api from './api.mjs';
import audit from './audit.mjs';
import budget from './budget.mjs';
import bundle from './bundle.mjs';
import clocks from './clocks.mjs';
import database from './database.mjs';
import factor from './factor.mjs';
import identity from './identity.mjs';
import money from './money.mjs';
import page from './page.mjs';
import policy from './policy.mjs';
import python from './python.mjs';
import queries from './queries.mjs';
import readings from './readings.mjs';
import refusals from './refusals.mjs';
import retention from './retention.mjs';
import shipping from './shipping.mjs';
import worker from './worker.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const table = [...database, ...clocks, ...bundle, ...budget, ...audit, ...money, ...refusals,
    ...readings, ...retention, ...queries, ...identity, ...factor, ...policy, ...python,
    ...shipping, ...worker, ...api, ...page];
const words = ['id', 'defence', 'file', 'was', 'becomes', 'test'];

const read = (name) => readFileSync(path.join(root, name), 'utf8');
const isThere = (name) => existsSync(path.join(root, name));

/** How often a text is in another. */
export function count(text, part) {
    return text.split(part).length - 1;
}

// A name may be broken into lines, and a quote in it doubled or escaped.
function isNamed(source, name) {
    const flat = (text) => text.replace(/\\'|''/g, "'").replace(/\s+/g, ' ');
    return flat(source).includes(name);
}

function faultOf({ id, defence, file, was, becomes, test: [testFile, name] }) {
    if (!id || !defence || was === becomes) return 'says nothing';
    if (!isThere(file)) return `there is no ${file}`;
    const times = count(read(file), was);
    if (times !== 1) return `its text is in ${file} ${times} times, not once`;
    if (!isThere(`tests/${testFile}`)) return `there is no tests/${testFile}`;
    if (!isNamed(read(`tests/${testFile}`), name)) return `tests/${testFile} has no "${name}"`;
    return '';
}

/** One line for each entry that does not fit the tree. */
export function faults() {
    const found = [];
    const ids = new Set();
    for (const entry of table) {
        const odd = Object.keys(entry).sort().join() !== [...words].sort().join();
        const fault = odd ? `has not just ${words}` : faultOf(entry);
        if (fault) found.push(`${entry.id}: ${fault}`);
        if (ids.has(entry.id)) found.push(`${entry.id}: is there twice`);
        ids.add(entry.id);
    }
    return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const found = faults();
    for (const line of found) console.log(`tests/sabotage: ${line}`);
    process.exit(found.length ? 1 : 0);
}
