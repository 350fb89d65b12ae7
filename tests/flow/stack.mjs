// A real stack for one test file: private PostgreSQL and Redis, the shipped api and worker,
// driven through `countersign stack run --control`. It ends with the process that started it.
import { spawn, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from './client.mjs';
import { Sessions } from './session.mjs';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));
const VARIANT = process.env.VARIANT ?? ''; // 'asan': that build, for every story
/** What needs time in a sanitized or counted build needs this many times as much. */
export const SLOWER = Number(process.env.TEST_SLOWER || (VARIANT ? 4 : 1));
/** And of memory, of which freed pieces are kept aside to see who still uses them. */
export const LARGER = VARIANT ? 8 : 1;
/** Where the programs under test are. */
export const build = path.join(root, 'build', VARIANT);
const command = path.join(build, 'countersign');
const HANG_MS = 60000 * SLOWER; // a wait this long is a hang; no test passes or fails by the clock

/** Polls until `check` gives something true, and returns it. */
export async function until(check, what = 'the condition', everyMs = 25) {
    const begin = performance.now();
    for (;;) {
        const value = await check();
        if (value) return value;
        if (performance.now() - begin > HANG_MS) throw new Error(`hung waiting for ${what}`);
        await new Promise((done) => setTimeout(done, everyMs));
    }
}

/** Starts a stack. Options:
 *  env      settings of all its processes
 *  variant  'fault' runs the build with fault points, which a sanitized build always has
 *  bin      a folder with other programs
 *  api      false: none;  workers: how many (1)
 *  data     a folder that is kept; without it a fresh one that stop() removes */
export async function startStack(options = {}) {
    const stack = new Stack(options);
    try {
        await stack.open();
    } catch (error) {
        stack.process?.stdin.end();
        await stack.ended;
        throw error;
    }
    return stack;
}

class Stack {
    constructor({ env = {}, variant = '', bin, api = true, workers = 1, data = null }) {
        Object.assign(this, { env, variant, bin, api, workers, data, url: '', lines: [] });
        this.sessions = new Sessions(this);
        this.children = new Map(); // name → { pid, ended }
        this.waiting = new Set();
    }

    async open() {
        const words = ['stack', 'run', '--control'];
        if (!this.data) words.push('--temporary');
        this.data ??= await makeData();
        words.push('--data', this.data);
        if (!this.api) words.push('--no-api');
        words.push('--workers', String(this.workers));
        const variant = VARIANT || this.variant;
        const bin = this.bin ?? process.env.PROGRAMS
            ?? (variant && path.join(root, 'build', variant));
        if (bin) words.push('--bin', bin);
        this.process = spawn(command, words, {
            stdio: ['pipe', 'pipe', 'pipe'],
            env: { ...process.env, API_PORT: '0', UNDO_SECONDS: '0', ...this.env },
        });
        this.said = '';
        this.process.stderr.on('data', (part) => { this.said += part; });
        this.ended = new Promise((done) => this.process.on('close', (code) => {
            this.gone = true;
            this.notify();
            done(code);
        }));
        readline.createInterface(this.process.stdout).on('line', (line) => this.hear(line));
        const state = await this.when(() => this.state, 'the stack');
        Object.assign(this, { url: state.url, redisUrl: state.redis, database: state.database });
        if (this.workers) await this.workersReady();
    }

    hear(line) {
        const event = JSON.parse(line);
        if (event.event === 'ready') this.state = event;
        if (event.event === 'started') this.children.set(event.name, { pid: event.pid });
        if (event.event === 'ended') Object.assign(this.children.get(event.name), { ended: event });
        if (event.event === 'failed') this.failed = event.text;
        this.notify();
    }

    notify() {
        for (const look of [...this.waiting]) look();
    }

    // Resolves once `check` gives something true; fails when the stack ends first.
    when(check, what) {
        return new Promise((done, failed) => {
            const look = () => {
                const value = check();
                if (!value && !this.gone && !this.failed) return;
                this.waiting.delete(look);
                if (value) return done(value);
                const why = this.failed ?? `the stack ended\n${this.said}`;
                this.failed = undefined;
                failed(new Error(`${what}: ${why}`));
            };
            this.waiting.add(look);
            look();
        });
    }

    order(words) {
        this.process.stdin.write(`${JSON.stringify(words)}\n`);
    }

    named(name) {
        return name === 'worker' ? 'worker-1' : name;
    }

    /** The process id of 'api', 'worker-1' ('worker' is short for it), 'redis', 'postgres'. */
    pid(name) {
        return this.children.get(this.named(name))?.pid;
    }

    /** Sends a signal; waits for the end when it is one that ends a process. */
    async kill(name, signal = 'SIGKILL') {
        const child = this.children.get(this.named(name));
        process.kill(child.pid, signal);
        if (['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGQUIT'].includes(signal)) await this.end(name);
    }

    /** Resolves with {code} or {signal} once the process has ended by whatever cause. */
    end(name) {
        const child = this.children.get(this.named(name));
        return this.when(() => child.ended, `the end of ${name}`);
    }

    /** Starts a process that has ended, with further settings; waits until it answers. */
    async start(name, env = {}) {
        const before = this.children.get(this.named(name));
        this.order({ do: 'start', name: this.named(name), env });
        await this.when(() => this.children.get(this.named(name)) !== before, `start of ${name}`);
        if (name === 'api') await this.answers();
        if (name === 'postgres') await until(() => this.databaseIsBack(), 'PostgreSQL');
        if (name === 'redis') await until(() => this.redis('ping').catch(() => false), 'Redis');
    }

    /** Stops it as an operator would, by its own signal, after its grace. */
    async halt(name) {
        const child = this.children.get(this.named(name));
        if (child.ended) return;
        this.order({ do: 'stop', name: this.named(name) });
        await this.when(() => child.ended, `stop of ${name}`);
    }

    async restart(name, env = {}) {
        await this.halt(name);
        await this.start(name, env);
    }

    answers() {
        return until(async () => {
            const answer = await fetch(`${this.url}/readyz`).catch(() => null);
            await answer?.arrayBuffer();
            return answer?.status === 200;
        }, 'the api');
    }

    // Killed the hard way it may not start at once: until they notice, its last back ends hold the
    // shared memory, and a new server ends again.
    async databaseIsBack() {
        const ended = () => this.children.get('postgres').ended;
        if (ended()) {
            this.order({ do: 'start', name: 'postgres', env: {} });
            await this.when(() => !ended(), 'start of postgres');
        }
        return this.databaseAnswers();
    }

    databaseAnswers() {
        return this.psql('superuser', 'select 1').then(() => true, () => false);
    }

    /** Until that many workers have said hello and not goodbye. */
    workersReady(count = this.workers) {
        return until(async () => {
            if (this.gone) throw new Error(`the stack ended\n${this.said}`);
            const [row] = await this.psql('superuser',
                'select count(*)::int as n from cs.worker where stopped_at is null');
            return row.n >= count;
        }, 'the workers');
    }

    /** Rows as objects, typed as JSON. Roles: superuser, api, worker, operator, auditor, sealer,
     *  verifier. `vars` are used in the text as :'name'. What returns no rows gives []. */
    async psql(role, sql, vars = {}) {
        const text = sql.trim().replace(/;$/, '');
        const rows = /^(select|with|table|values)\b|\breturning\b/i.test(text);
        const script = rows
            ? `with q as (${text}\n) select coalesce(json_agg(q), '[]') from q` : text;
        const harmless = rows && !/\breturning\b|\bcs\.\w+\s*\(/i.test(text);
        const out = await this.sessions.run(role, script, vars, harmless);
        return rows ? JSON.parse(out) : [];
    }

    /** One Redis command: its answer as text. */
    async redis(...words) {
        const socket = this.redisUrl.slice('unix://'.length);
        const { stdout } = await run('redis-cli', ['-s', socket, ...words.map(String)]);
        return stdout.trim();
    }

    /** The operator's command: `stack.operator('person', 'list')` → its output. */
    async operator(...words) {
        const env = { ...process.env, DATABASE_URL: this.database.operator, PUBLIC_URL: this.url };
        const { stdout } = await run(command, words, { env });
        return stdout.trim();
    }

    /** The next version of the rules, each of a level by SQL over the newest `r`, as of a release
     *  with that digest, and covered. Its number; an api that runs learns soon. */
    async newRules(level, shipped = 'o.shipped_sha256') {
        await this.psql('superuser', `set search_path = cs, pg_temp; do $$
            declare
                v policy_version;
            begin
                v := policy_add('for a test', (select ${shipped} from policy_version o
                                               where o.version = policy_newest()));
                insert into policy_rule
                    select v.version, r.id, r.language, r.match, r.patterns, ${level}, r.title,
                           r.explanation, r.capability, r.instead_of
                    from policy_rule r where r.version = (select max(o.version)
                        from policy_version o where o.version < v.version);
                perform audit_put('instance', 1, '{"kind": "operator"}', 'policy.set',
                                  jsonb_build_object('version', v.version), policy_digest(v));
            end $$`);
        const [{ version }] = await this.psql('superuser',
            'select max(version) as version from cs.policy_version');
        return version;
    }

    /** Rules that find nothing, for tests of what happens without them. */
    noRules() {
        return this.newRules("'none'");
    }

    /** The same; the api knows them after. */
    async rulesOff() {
        await this.rulesKnown(await this.noRules());
    }

    async rulesKnown(version) {
        const known = new RegExp(`"event":"policy.rules".*"version":${version}\\b`);
        await until(async () => known.test(await this.log('api')), 'an api with new rules');
    }

    /** Makes people: {ana: ['analyst'], rob: ['reviewer']}, all in one team. */
    async people(people, team = 'data') {
        await this.operator('team', 'add', team);
        for (const [login, roles] of Object.entries(people))
            await this.operator('person', 'add', login, '--team', team, '--role', roles.join(','));
    }

    /** Signs in by a fresh one-time link. */
    async signIn(login) {
        const link = await this.operator('link', login);
        const client = new Client(this.url);
        await client.signIn(link.slice(link.indexOf('#') + 1));
        return client;
    }

    /** A client that sends a bearer token, or nothing at all. */
    client(token) {
        return new Client(this.url, { token });
    }

    /** The log of a process, as text. */
    log(name) {
        return fs.readFile(path.join(this.data, 'log', `${this.named(name)}.log`), 'utf8');
    }

    /** Stops everything; the data goes, too, unless it was given. */
    async stop() {
        await this.sessions.end();
        this.process.stdin.end();
        const code = await this.ended;
        if (code !== 0) throw new Error(`the stack ended with ${code}\n${this.said}`);
    }
}

let templateMade;

// A data folder whose database is there already: a copy of one that is made once.
async function makeData() {
    const template = await (templateMade ??= makeTemplate()); // of two at once one makes it
    const data = await fs.mkdtemp(path.join(os.tmpdir(), 'countersign-test-'));
    await run('cp', ['-aL', `${template}/.`, data]);
    return data;
}

// Those of binaries that were built an hour ago or more.
async function removeOld(folder) {
    for (const name of await fs.readdir(folder)) {
        if (!/^stack-[0-9a-f]{16}/.test(name)) continue;
        const { mtimeMs } = await fs.stat(path.join(folder, name));
        if (Date.now() - mtimeMs > 3600000)
            await fs.rm(path.join(folder, name), { recursive: true, force: true });
    }
}

// The binary carries the SQL files, so its digest names the database it makes.
async function makeTemplate() {
    const binary = await fs.readFile(command);
    const digest = createHash('sha256').update(binary).digest('hex').slice(0, 16);
    const place = path.join(root, 'build', `stack-${digest}`);
    if (existsSync(place)) return place;
    // Made where every account can go, then kept where the build is.
    const made = await fs.mkdtemp(path.join(os.tmpdir(), 'countersign-template-'));
    const fresh = `${place}.${process.pid}`;
    await run(command, ['stack', 'run', '--data', made, '--no-api', '--no-worker', '--', 'true']);
    await run('cp', ['-a', made, fresh]);
    await fs.rm(made, { recursive: true });
    await removeOld(path.dirname(place));
    // When another was first, this one goes.
    await fs.rename(fresh, place).catch(() => fs.rm(fresh, { recursive: true }));
    return place;
}
