// The stack that trials are played on, one after the other: real PostgreSQL, Redis, api and up to
// four workers, a played E2B that keeps a log of its own of what it started, a cutter in front of
// PostgreSQL. After each fault `recover` puts right what it left.
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { playService } from '../bench/play.mjs';
import { Cutter } from '../flow/cutter.mjs';
import { root, startStack, until } from '../flow/stack.mjs';
import { Points } from './points.mjs';

const run = promisify(execFile);
export const LEASE_MS = 1200;
const WORKERS = 4;
const PROGRAMS = ['api', 'worker', 'postgres']; // the rows of the file that preload.c reads
const FIELDS = ['clock', 'full', 'broken'];
const PASSWORD = 'correct horse battery';
const settings = {
    LEASE_MS: String(LEASE_MS), HEARTBEAT_MS: '250', SWEEP_MS: '250', WORKER_SLOTS: '8',
    LOCAL_OFF: '1', LOCAL_WARM: '0', SANDBOX: 'e2b', SANDBOXES: 'local,e2b', JANITOR_SECONDS: '1',
    BREAKER_FAILURES: '1000', BREAKER_RECOVERY_MS: '500', DRAIN_SECONDS: '3', API_THREADS: '4',
    MAX_WAITING_PER_PERSON: '1000000', LOG_LEVEL: 'warn', BREAK_GLASS: '1',
    REAUTH_SECONDS: '86400',
};

const statOf = (pid) => {
    try {
        const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [, state, parent] = /^\d+ \(.*\) (.) (\d+)/s.exec(text);
        return { state, parent: Number(parent) };
    } catch {
        return { state: '', parent: 0 }; // it has ended
    }
};

/** The state letter of a process, as in /proc; '' when it is not there. */
export const stateOf = (pid) => statOf(pid).state;
export const parentOf = (pid) => statOf(pid).parent;

/** The processes that a process has started, and those that these have. */
export function descendants(pid) {
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number)
        .map((one) => [one, parentOf(one)]);
    const found = [pid];
    for (const one of found)
        found.push(...all.filter(([, parent]) => parent === one).map(([child]) => child));
    return found.slice(1);
}

export function signal(pid, name) {
    try {
        process.kill(pid, name);
    } catch (error) {
        if (error.code !== 'ESRCH') throw error; // it was quicker
    }
}

export class Stage {
    static async open() {
        const stage = new Stage();
        try {
            await stage.prepare();
        } catch (error) {
            await stage.close();
            throw error;
        }
        return stage;
    }

    async prepare() {
        this.folder = await mkdtemp(path.join(os.tmpdir(), 'countersign-fault-'));
        await chmod(this.folder, 0o755);
        this.points = await Points.open(this.folder);
        this.preload = path.join(this.folder, 'preload');
        await writeFile(this.preload, Buffer.alloc(8 * PROGRAMS.length * FIELDS.length));
        this.startsFile = path.join(this.folder, 'starts');
        this.service = await playService('e2b', [`log=${this.startsFile}`]);
        this.startsLog = await open(this.startsFile, 'r');
        this.startsRest = '';
        const preloaded = { LD_PRELOAD: path.join(root, 'build/fault/preload.so'),
                            COUNTERSIGN_PRELOAD: this.preload };
        this.stack = await startStack({ variant: 'fault', workers: WORKERS,
            env: { ...settings, ...this.service.env, ...this.points.env, ...preloaded } });
        await this.stack.restart('postgres', preloaded);
        await this.rules();
        await this.behindCutter();
        await this.people();
        await this.budgets();
        await this.invariants();
    }

    // What runs here is told to do odd things: only one of them is found, and is of high risk.
    async rules() {
        await this.stack.noRules();
        await this.stack.operator('policy', 'set', 'py.dynamic', '--level', 'high',
            '--note', 'trials');
        await this.stack.operator('break-glass', 'on');
    }

    // The programs come to PostgreSQL through a cutter from now on.
    async behindCutter() {
        const { stack } = this;
        const [, from] = /host=(\S+)/.exec(stack.database.worker);
        const secrets = await readFile(path.join(stack.data, 'secrets/passfile'), 'utf8');
        this.cutter = await Cutter.open(from);
        const start = (name, role) => {
            const [, password] = new RegExp(`countersign_${role}:(.*)`).exec(secrets);
            return stack.start(name, { DATABASE_URL: `host=${this.cutter.folder} `
                + `dbname=countersign user=countersign_${role} password='${password}'` });
        };
        for (const name of ['api', ...this.workers()]) await stack.kill(name);
        await Promise.all([start('api', 'api'),
            ...this.workers().map((name) => start(name, 'worker'))]);
    }

    async people() {
        const { stack } = this;
        const names = { ana: ['analyst'], ben: ['analyst'], cia: ['analyst'],
                        rob: ['reviewer', 'analyst'], sue: ['reviewer', 'analyst'] };
        await stack.people({ ...names, eva: ['admin'] });
        const rows = await stack.psql('superuser', 'select id, login from cs.person');
        this.tokens = {};
        for (const [login, roles] of Object.entries(names)) {
            const scopes = roles.includes('reviewer') ? 'read,submit,decide' : 'read,submit';
            const token = await stack.operator('token', 'create', login, '--scope', scopes);
            this.tokens[login] = { token, id: rows.find((row) => row.login === login).id };
        }
        const eva = await stack.signIn('eva');
        this.admin = { id: eva.person.id, session: eva.headers() };
        const ana = await stack.signIn('ana');
        const answer = await ana.post('/api/password', { password: PASSWORD });
        if (answer.status !== 204) throw new Error(`password: ${answer.text}`);
        this.login = { login: 'ana', password: PASSWORD };
    }

    // Nobody comes near them, and every run reserves, settles and gives back: I7 is asked of that.
    async budgets() {
        for (const scope of ['user:*', 'team:*'])
            await this.stack.operator('budgets', 'set', scope, '--limit', '9000000');
    }

    async invariants() {
        const words = ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', this.stack.database.superuser];
        await run('psql', [...words, '-f', path.join(root, 'tests/fault/invariants.sql')]);
        await this.stack.psql('superuser', 'alter database countersign set invariant.canary = '
            + `'${this.service.env.E2B_API_KEY}'`);
    }

    workers() {
        return Array.from({ length: WORKERS }, (_, n) => `worker-${n + 1}`);
    }

    names() {
        return ['postgres', 'redis', 'api', ...this.workers()];
    }

    pid(name) {
        return this.stack.pid(name);
    }

    isOver(name) {
        return Boolean(this.stack.children.get(name)?.ended);
    }

    /** Those workers that live now. */
    alive() {
        return this.workers().filter((name) => !this.isOver(name));
    }

    /** What is done to a program from outside: 'clock' (ms), 'full', 'broken' (0 or 1). */
    async set(program, field, value) {
        const file = await open(this.preload, 'r+');
        const place = PROGRAMS.indexOf(program) * FIELDS.length + FIELDS.indexOf(field);
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(value));
        await file.write(bytes, 0, 8, 8 * place);
        await file.close();
    }

    /** So many workers, and no other ones. */
    async have(count) {
        this.wanted = count;
        for (const name of this.workers().slice(count))
            if (!this.isOver(name)) await this.stack.halt(name);
        await this.revive();
    }

    wantedNames() {
        return ['postgres', 'redis', 'api', ...this.workers().slice(0, this.wanted)];
    }

    /** SIGKILL; fine when it has ended already. */
    async kill(name) {
        if (this.isOver(name)) return;
        signal(this.pid(name), 'SIGKILL');
        await this.stack.end(name);
    }

    /** Starts whatever has ended; of several who ask for it one after the other. */
    revive() {
        this.reviving = (this.reviving ?? Promise.resolve()).catch(() => {})
            .then(() => this.reviveAll());
        return this.reviving;
    }

    // PostgreSQL may end a while after what made it end.
    async reviveAll() {
        await until(async () => {
            if (this.isOver('postgres')) await this.stack.start('postgres');
            return this.stack.databaseAnswers();
        }, 'PostgreSQL');
        for (const name of this.wantedNames())
            if (this.isOver(name)) await this.stack.start(name);
    }

    /** Lets it and what it has started go on. */
    resume(name) {
        if (this.isOver(name)) return;
        for (const pid of [this.pid(name), ...descendants(this.pid(name))])
            if (stateOf(pid) === 'T') signal(pid, 'SIGCONT');
    }

    /** Everything is as it should be again. */
    async recover() {
        await this.points.disarm();
        this.cutter.armed = null;
        await writeFile(this.preload, Buffer.alloc(8 * PROGRAMS.length * FIELDS.length),
            { flag: 'r+' });
        for (const name of this.wantedNames()) this.resume(name);
        await this.revive();
    }

    /** What the service has started since the last time: [{at, attempt, sha256, mark}]. */
    async starts() {
        const starts = [];
        const part = Buffer.alloc(1 << 20);
        for (;;) {
            const { bytesRead } = await this.startsLog.read(part, 0, part.length);
            const lines = (this.startsRest + part.toString('utf8', 0, bytesRead)).split('\n');
            this.startsRest = lines.pop();
            for (const line of lines) {
                const [at, attempt, sha256, , mark] = line.split(' ');
                starts.push({ at: Number(at), attempt: Number(attempt), sha256, mark });
            }
            if (bytesRead < part.length) return starts;
        }
    }

    /** How many sandboxes are left at the service. */
    async sandboxes() {
        const { E2B_API_URL: url, E2B_API_KEY: key } = this.service.env;
        const answer = await fetch(`${url}/v2/sandboxes`, { headers: { 'x-api-key': key } });
        return (await answer.json()).length;
    }

    /** Secrets that no log may hold: the logs that hold one. */
    async leaks() {
        const secrets = [PASSWORD, this.service.env.E2B_API_KEY,
            ...Object.values(this.tokens).map(({ token }) => token)];
        const folder = path.join(this.stack.data, 'log');
        const leaks = [];
        for (const name of readdirSync(folder)) {
            const text = await readFile(path.join(folder, name), 'utf8');
            if (secrets.some((secret) => text.includes(secret))) leaks.push(name);
        }
        return leaks;
    }

    async close() {
        await this.stack?.stop().catch((error) => console.error(`# ${error.message}`));
        await this.cutter?.close();
        this.service?.stop();
        await this.points?.close();
        await this.startsLog?.close();
        if (this.folder) await rm(this.folder, { recursive: true, force: true });
    }
}
