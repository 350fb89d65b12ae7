// The operator's command asks the audit trail the same questions, with the same limits.
// Proves: T20a T14
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build, startStack } from './stack.mjs';

const run = promisify(execFile);
let stack;

before(async () => {
    stack = await startStack({ api: false, workers: 0 });
    await stack.operator('team', 'add', 'data');
    await stack.operator('person', 'add', 'eva', '--role', 'admin', '--team', 'data');
    await stack.operator('pause', '=cmd, "now"');
});
after(() => stack?.stop());

/** Resolves with {code, out, said} whatever the end. */
async function audit(...words) {
    const env = { PATH: process.env.PATH, DATA_DIR: '/nonexistent',
        DATABASE_URL: stack.database.operator, AUDIT_DATABASE_URL: stack.database.auditor };
    try {
        const { stdout, stderr } = await run(path.join(build, 'countersign'),
            ['audit', ...words], { env });
        return { code: 0, out: stdout, said: stderr };
    } catch ({ code, stdout, stderr }) {
        return { code, out: stdout, said: stderr };
    }
}

test('questions are listed with their parameters, each of which is an option', async () => {
    const { code, out } = await audit('questions');
    assert.equal(code, 0);
    assert.match(out, /^who_saw_what +from,to,person,request +Who saw what *$/m);
    const help = (await audit('ask', '--help')).out;
    const names = await stack.psql('auditor', 'select name from question_parameters');
    for (const { name } of names) assert.match(help, new RegExp(`^ +--${name} `, 'm'));
});

test('a question is answered as a table, or as CSV', async () => {
    const table = await audit('ask', 'rights_changes', '--person', 'eva');
    assert.equal(table.code, 0, table.said);
    assert.match(table.out, /^ts +actor +event +whom/);
    assert.match(table.out, /operator +person\.create +eva/);
    const csv = await audit('ask', 'pauses', '--csv');
    assert.match(csv.out, /^ts,actor,event,scope,reason\r\n.*,all,"'=cmd, ""now"""\r\n$/);
});

// Whoever tries to sign in writes a login into the trail, and a run what it failed with.
test('what is not to be seen is named on the terminal, not obeyed', async () => {
    const hostile = 'approved\u202eby\u2066 \u009b2Jnobody\u200b\u{e0041}';
    const { out } = await audit('sql', `select '${hostile}' as x, 'Łódź 東京' as y`);
    assert.equal(out.split('\n')[1], 'approved<U+202E>by<U+2066> <U+009B>2Jnobody<U+200B><U+E0041>'
        + '  Łódź 東京');
    await stack.psql('superuser', `insert into cs.person (login, name, roles)
        values ('oto', 'Oto\u202eniM', '{analyst}')`);
    assert.match(await stack.operator('person', 'list'), / Oto<U\+202E>niM /);
});

test('SQL runs as the auditor, who only reads', async () => {
    assert.equal((await audit('sql', 'select session_user as who, 7 as n')).out,
        'who                  n\ncountersign_auditor  7\n');
    assert.equal((await audit('sql', `select E'a\\x1b[31m\\nb' as x`)).out, 'x\na [31m b\n');
    const denied = await audit('sql', 'select * from cs.password');
    assert.deepEqual([denied.code, denied.out], [1, '']);
    assert.match(denied.said, /permission denied for schema cs/);
    const wrong = await audit('sql', 'select\nnope');
    assert.match(wrong.said, /line 2, column 1: column "nope" does not exist \(42703\)/);
    const two = await audit('sql', `commit; select 1`);
    assert.match(two.said, /cannot insert multiple commands/);
    const cut = await audit('sql', 'select generate_series(1, 10001)');
    assert.match(cut.said, /only the first rows/);
});

test('each is recorded, and what is refused says why', async () => {
    const rows = await stack.psql('auditor',
        'select person, question, sql from audit_queries order by ts');
    assert.ok(rows.every((row) => row.person === 'operator'));
    assert.equal(rows[0].question, 'rights_changes');
    assert.ok(rows.some((row) => row.sql === 'select\nnope'));
    assert.match((await audit('ask', 'nope')).said, /There is no such question/);
    assert.match((await audit('ask', 'pauses', '--person', 'x')).said, /Nobody has this login/);
    assert.match((await audit('ask', 'pauses', '--team', 'x')).said, /has no parameter "team"/);
    for (const words of [['ask'], ['sql'], ['sql', 'a', 'b'], ['questions', 'x']])
        assert.equal((await audit(...words)).code, 64, words.join(' '));
    const count = await stack.psql('auditor', 'select count(*)::int as n from audit_queries');
    assert.equal(count[0].n, rows.length, 'and is not recorded');
});
