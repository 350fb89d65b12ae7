// Database sessions that stay open: for transactions that end when a test says so, and for the
// many single statements of a story, since to start psql and a back end costs more than most.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';

const DONE = '-- done --';
const WORDS = ['-XqAt', '-v', 'ON_ERROR_STOP=1'];
const LOST = /terminating connection|closed the connection|connection to server was lost/;

// What Debian calls psql is a script in front of it, which takes longer to start.
function findPsql() {
    const versions = '/usr/lib/postgresql';
    const newest = readdirSync(versions).sort((a, b) => a - b).at(-1);
    return `${versions}/${newest}/bin/psql`;
}
const program = findPsql();

const quote = (value) => `'${String(value).replaceAll('\\', '\\\\').replaceAll("'", "''")
    .replaceAll('\n', '\\n')}'`;

/** `run(sql)` gives what one script prints, as lines; `end()` leaves, which rolls back. */
export class Session {
    constructor(stack, role = 'superuser') {
        this.server = stack.pid('postgres');
        this.role = role;
        this.process = spawn(program, [...WORDS, '-d', stack.database[role]],
            { stdio: ['pipe', 'pipe', 'pipe'] });
        this.printed = '';
        this.said = '';
        this.process.stdout.setEncoding('utf8').on('data', (part) => this.hear(part));
        this.process.stderr.setEncoding('utf8').on('data', (part) => { this.said += part; });
        this.process.stdin.on('error', () => {}); // its end says why
        this.ended = new Promise((done) => this.process.on('close', (code) => {
            this.gone = true;
            this.failed?.(new Error(this.said.trim() || `psql ended with ${code}`));
            done(code);
        }));
    }

    hear(part) {
        this.printed += part;
        if (!this.printed.endsWith(`${DONE}\n`)) return;
        const lines = this.printed.slice(0, -DONE.length - 1).split('\n');
        lines.pop();
        this.done(lines);
    }

    /** Fails with what psql said, and then has ended. */
    run(sql) {
        return new Promise((done, failed) => {
            if (this.gone) return failed(new Error(`the session has ended: ${this.said.trim()}`));
            Object.assign(this, { done, failed, printed: '', said: '' });
            this.process.stdin.write(`${sql};\n\\echo ${DONE}\n`);
        });
    }

    async end() {
        this.process.stdin.end();
        await this.ended;
    }
}

/** Sessions of a stack, each used by one statement at a time and kept for the next. */
export class Sessions {
    constructor(stack) {
        this.stack = stack;
        this.idle = [];
    }

    // One of a server that was started anew since would only fail.
    take(role) {
        const usable = (one) => one.role === role && one.server === this.stack.pid('postgres');
        const n = this.idle.findIndex(usable);
        return n < 0 ? null : this.idle.splice(n, 1)[0];
    }

    /** What a script prints. It sees `vars` as :'name', and leaves nothing set behind. `harmless`:
     *  to run it again does no harm, should the session have been cut while it was idle. */
    async run(role, sql, vars, harmless) {
        const used = this.take(role);
        const session = used ?? new Session(this.stack, role);
        const set = Object.entries(vars).map(([name, value]) => `\\set ${name} ${quote(value)}\n`);
        try {
            const lines = await session.run(set.join('') + sql);
            if (!harmless) await session.run('discard all');
            this.idle.push(session);
            return lines.join('\n');
        } catch (error) {
            await session.end();
            if (!used || !harmless || !LOST.test(error.message)) throw error;
            return this.run(role, sql, vars, harmless);
        }
    }

    async end() {
        await Promise.all(this.idle.splice(0).map((session) => session.end()));
    }
}
