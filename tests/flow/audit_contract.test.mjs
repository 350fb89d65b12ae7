// The documents for auditors say what the database says of itself. `WRITE=1 node --test` of this
// file writes them anew; a column that a document knows and the database does not fails either way.
import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root, startStack } from './stack.mjs';

const viewsFile = path.join(root, 'docs/audit-views.md');
const queriesFile = path.join(root, 'docs/audit-queries.md');
const marks = ['<!-- questions -->', '<!-- /questions -->'];
const intro = `# Audit views

What \`countersign_auditor\` reads: every view of schema \`audit\`, every column. This is a stable
contract: views and columns are added, never renamed, removed or given another type. The text is
made from the comments in the database (\`select * from audit.contract\`), and a test holds it to
them. [audit-queries.md](audit-queries.md) has the ready-made questions.
`;

let stack;
before(async () => { stack = await startStack({ api: false, workers: 0 }); });
after(() => stack?.stop());

const cell = (text) => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
const columnLine = (one) => `| \`${one.column_name}\` | ${one.type} | ${cell(one.about)} |`;

async function views() {
    const columns = await stack.psql('auditor',
        'select * from audit.contract order by view, n');
    const parts = [intro];
    for (const view of new Set(columns.map((one) => one.view))) {
        const mine = columns.filter((one) => one.view === view);
        const head = `## ${view}\n\n${cell(mine[0].view_about)}\n\n| column | type | |\n`;
        parts.push(`${head}|---|---|---|\n`
            + `${mine.map(columnLine).join('\n')}\n`);
    }
    return parts.join('\n');
}

async function questions() {
    const all = await stack.psql('auditor', 'select * from audit.questions');
    const lines = all.map((one) => {
        const names = one.parameters.map((name) => (
            one.required.includes(name) ? `**${name}**` : name));
        const empty = one.must_be_empty ? ' **Must be empty.**' : '';
        return `| \`${one.id}\` | ${cell(one.title)}. ${cell(one.about)}${empty} | `
            + `${names.join(', ')} |`;
    });
    return `| question | | parameters |\n|---|---|---|\n${lines.join('\n')}\n`;
}

// The text with what stands between the marks replaced.
function between(text, part) {
    const [from, to] = marks.map((mark) => text.indexOf(mark));
    assert.ok(from >= 0 && to > from, 'the marks are there');
    return `${text.slice(0, from + marks[0].length)}\n${part}${text.slice(to)}`;
}

async function agrees(file, wanted) {
    if (process.env.WRITE) await fs.writeFile(file, wanted);
    assert.equal(await fs.readFile(file, 'utf8'), wanted);
}

test('docs/audit-views.md names every view and column with its comment', async () => {
    await agrees(viewsFile, await views());
});

test('docs/audit-queries.md lists every ready-made question', async () => {
    const text = await fs.readFile(queriesFile, 'utf8');
    await agrees(queriesFile, between(text, await questions()));
});
