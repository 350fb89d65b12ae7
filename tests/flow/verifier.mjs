// What verify says of a history after one change or another, each of which is taken back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { build } from './stack.mjs';

/** A program that answers each line of SQL with what verify says after it; `checked` is what
 *  `audit verify --checked` left earlier. */
export function openVerifier(stack, settings = {}, checked = []) {
    const env = { ...process.env, ...stack.state.files,
                  VERIFIER_DATABASE_URL: stack.database.superuser, ...settings };
    const child = spawn(path.join(build, 'verify_lines'), [checked].flat(),
                        { env, stdio: ['pipe', 'pipe', 2] });
    const lines = readline.createInterface(child.stdout)[Symbol.asyncIterator]();
    return {
        async ask(sql) {
            child.stdin.write(`${sql}\n`);
            return (await lines.next()).value;
        },
        end: () => new Promise((done) => {
            if (child.exitCode !== null) return done();
            child.on('exit', done);
            child.stdin.end();
        }),
    };
}

/** Asserts what verify says after each of these, in one transaction that `begin` was done in, and
 *  that it is whole before and after: [[sql, what it must say]]. Each is taken back. */
export async function sayAfterEach(stack, changes, begin = 'select 1', settings = {}) {
    const verifier = openVerifier(stack, settings);
    try {
        assert.equal(await verifier.ask(`commit; begin; set local session_replication_role =
            replica; ${begin}; savepoint s`.replace(/\s+/g, ' ')), 'whole');
        for (const [sql, says] of changes) {
            const answer = await verifier.ask(`rollback to s; do $$ begin ${sql};
                if not found then raise 'nothing changed'; end if; end $$`.replace(/\s+/g, ' '));
            assert.match(answer, says, sql);
        }
        assert.equal(await verifier.ask('rollback to s'), 'whole');
    } finally {
        await verifier.end();
    }
}
