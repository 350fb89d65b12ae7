// A database session that stays open, for transactions that end when a test says so.
import { spawn } from 'node:child_process';
import readline from 'node:readline';

const DONE = '-- done --';

/** `run(sql)` gives the lines that one statement prints; `end()` leaves, which rolls back. */
export class Session {
    constructor(stack, role = 'superuser') {
        this.process = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', stack.database[role]],
            { stdio: ['pipe', 'pipe', 'inherit'] });
        this.ended = new Promise((done) => this.process.on('close', done));
        this.lines = readline.createInterface(this.process.stdout)[Symbol.asyncIterator]();
    }

    async run(sql) {
        this.process.stdin.write(`${sql};\n\\echo ${DONE}\n`);
        const got = [];
        for (;;) {
            const { value, done } = await this.lines.next();
            if (done) throw new Error(`the session ended at ${sql}`);
            if (value === DONE) return got;
            got.push(value);
        }
    }

    async end() {
        this.process.stdin.end();
        await this.ended;
    }
}
