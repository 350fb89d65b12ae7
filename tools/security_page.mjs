// docs/security.md and docs/asvs.md out of what the tests say of themselves. A test carries what it
// proves in a comment of its own line, at the head of its file or right above one test:
//     // Proves: T4 I2 V8.2.1
// What T and I stand for is in docs/threats.json, what V stands for in docs/asvs.md. Ids that no
// test proves, and that do not say why not yet, are errors; so are ids that nobody knows.
//     node tools/security_page.mjs           writes the pages
//     node tools/security_page.mjs --check   fails when they are not what would be written
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (name) => path.join(root, name);
const read = (name) => readFileSync(at(name), 'utf8');

const MARKER = /^(?:\/\/|\/\*|--) Proves: ([A-Za-z0-9. ]+?)(?: \*\/)?$/;
const TEST = /^(?:test\('((?:[^'\\]|\\.)*)'|static void (\w+)\(void \*\*state\))/;
const KINDS = /\.(mjs|c|sql)$/;

/** Of one file: [{id, label}] of all that it proves. */
export function proofsIn(name, text) {
    const label = `\`${name.replace(/^tests\//, '').replace(/(\.test)?\.\w+$/, '')}\``;
    const lines = text.split('\n');
    return lines.flatMap((line, n) => {
        const ids = MARKER.exec(line)?.[1].split(' ') ?? [];
        const [, words, called] = TEST.exec(lines[n + 1] ?? '') ?? [];
        const title = words?.replaceAll('\\', '') ?? called?.replaceAll('_', ' ');
        return ids.map((id) => ({ id, label: title ? `${label} (${title})` : label }));
    });
}

/** A map of ids to labels, in the order of files. */
function gather() {
    const found = new Map();
    const names = readdirSync(at('tests'), { recursive: true }).filter((name) => KINDS.test(name));
    for (const name of names.sort())
        for (const { id, label } of proofsIn(`tests/${name}`, read(`tests/${name}`)))
            found.set(id, [...found.get(id) ?? [], label]);
    return found;
}

const cells = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim());
const isRow = (line) => /^\| \d+\.\d+\.\d+/.test(line);

/** What docs/asvs.md asks: [{ids: ['V8.2.1', …], asks, met, line}]. */
const requirements = () => read('docs/asvs.md').split('\n').filter(isRow).map((line) => {
    const [ids, , asks, met] = cells(line);
    return { ids: ids.split(', ').map((id) => `V${id}`), asks, met, line };
});

/** The lines that say what does not hold together. */
export function faults(known, found) {
    const unknown = [...found].filter(([id]) => !known.has(id))
        .map(([id, labels]) => `${labels[0]} proves ${id}, which nobody knows`);
    return [...unknown, ...[...known].flatMap(([id, not_yet]) => {
        if (!found.has(id) && !not_yet) return [`no test proves ${id}`];
        return found.has(id) && not_yet ? [`${id} is said not to hold, and is proved`] : [];
    })];
}

const tests = (found, ids) => [...new Set(ids.flatMap((id) => found.get(id) ?? []))].join(', ');
const table = (heads, rows) => [heads, heads.map(() => '---'), ...rows]
    .map((row) => `| ${row.join(' | ')} |`.replace(/\| {2}\|/g, '| |')).join('\n');

const proved = (rows) => rows.filter(({ not_yet }) => !not_yet);
const missing = (rows, word) => rows.filter(({ not_yet }) => not_yet)
    .map((row) => `- ${row.id}, ${row[word]}: ${row.not_yet}.`).join('\n');

function sections({ threats, invariants }, found) {
    return {
        threats: `${table(['id', 'attack', 'defence', 'test'], proved(threats).map(
            ({ id, attack, defence }) => [id, attack, defence, tests(found, [id])]))}

Not tested, since there is nothing to attack yet:

${missing(threats, 'attack')}`,
        invariants: table(['id', 'holds at every moment', 'test'], proved(invariants).map(
            ({ id, holds }) => [id, holds, tests(found, [id])])),
        asvs: table(['id', 'asks', 'test'], requirements().map(({ ids, asks, met }) => [
            ids.join(', '), asks, tests(found, ids) || (/open/.test(met) ? 'open' : met)])),
    };
}

// What stands between two marks of the page; all else is written by hand.
function fill(page, made) {
    return Object.entries(made).reduce((text, [name, lines]) => {
        const [begin, end] = [`<!-- made: ${name} -->\n`, '\n<!-- end -->'];
        const from = text.indexOf(begin) + begin.length;
        const to = text.indexOf(end, from);
        if (from < begin.length || to < 0) throw new Error(`docs/security.md has no ${begin}`);
        return text.slice(0, from) + lines + text.slice(to);
    }, page);
}

// Its last column alone is made.
const asvsPage = (found) => requirements().reduce((text, { ids, line }) => {
    const proof = tests(found, ids);
    const kept = proof ? [...cells(line).slice(0, 4), proof] : cells(line);
    return text.replace(line, () => `| ${kept.join(' | ')} |`.replace(/\| {2}\|/g, '| |'));
}, read('docs/asvs.md'));

function run(check) {
    const words = JSON.parse(read('docs/threats.json'));
    const found = gather();
    const asked = requirements().flatMap(({ ids, met, line }) => ids.map((id) => [
        id, /open$/.test(met) || /docs\//.test(cells(line)[4]) ? 'open' : undefined]));
    const known = new Map([...words.threats.map(({ id, not_yet }) => [id, not_yet]),
                           ...words.invariants.map(({ id, not_yet }) => [id, not_yet]), ...asked]);
    const wrong = faults(known, found);
    const pages = { 'docs/asvs.md': asvsPage(found),
                    'docs/security.md': fill(read('docs/security.md'), sections(words, found)) };
    for (const [name, text] of Object.entries(pages)) {
        if (text === read(name)) continue;
        if (check) wrong.push(`${name} is not what the tests say: make security-page`);
        else writeFileSync(at(name), text);
    }
    for (const line of wrong) console.log(`security page: ${line}`);
    return wrong.length === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
    process.exit(run(process.argv.includes('--check')) ? 0 : 1);
