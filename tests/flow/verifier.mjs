// What verify says of a history after one change or another, each of which is taken back.
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
