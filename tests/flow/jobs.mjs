// Jobs for tests of the worker: put in, approved and watched through the SQL functions that the
// api calls, with the api's own role, so that Redis is rung only by who the test says.
import { createHash } from 'node:crypto';
import { decisionKey, signDecision } from './signing.mjs';
import { until } from './stack.mjs';

const MIB = 1048576;
const LIMITS = {
    wall_ms: 30000, memory_bytes: 1024 * MIB, pids: 64, output_bytes: MIB, files: 8,
    file_bytes: 8 * MIB, cpu_ms: 120000, tmp_bytes: 64 * MIB,
};
/** As if the rules found nothing: these tests are about what happens without them. */
const HARMLESS = JSON.stringify({ level: 'none', engine: 'ok', policy_version: 1, findings: [],
    capabilities: { reads: [], changes: [], calls: [], saves: [] }, facts: {} });
const LIVE = ['ready', 'claimed', 'starting', 'running'];

/** Makes an analyst and a reviewer of one team, and returns what puts their jobs in. */
export async function openJobs(stack) {
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    const rows = await stack.psql('superuser', 'select id, login from cs.person');
    const people = Object.fromEntries(rows.map((row) => [row.login, row.id]));
    return new Jobs(stack, people);
}

export class Jobs {
    constructor(stack, people) {
        Object.assign(this, { stack, people });
    }

    actor(login) {
        return { person_id: this.people[login], session_id: null, token_id: null,
                 address: '127.0.0.1' };
    }

    /** Calls a batched function with one element; throws {code} when it was refused. */
    async call(name, item) {
        const [row] = await this.stack.psql('api',
            `select result from cs.${name}(jsonb_build_array(:'item'::jsonb))`,
            { item: JSON.stringify(item) });
        if (row.result.error)
            throw Object.assign(new Error(row.result.error.message), row.result.error);
        return row.result;
    }

    async upload(name, content) {
        const bytes = Buffer.from(content);
        const actor = JSON.stringify(this.actor('ana'));
        const [{ id }] = await this.stack.psql('api',
            "select cs.upload_begin(:'actor'::jsonb) as id", { actor });
        for (let n = 0; n * MIB < bytes.length; n++) {
            const hex = bytes.subarray(n * MIB, (n + 1) * MIB).toString('hex');
            await this.stack.psql('api',
                `select cs.upload_chunk_put(${id}, ${n}, '\\x${hex}'::bytea)`);
        }
        const item = { name, media_type: 'text/csv',
                       sha256: createHash('sha256').update(bytes).digest('hex') };
        const [row] = await this.stack.psql('api',
            `select cs.upload_finish(${id}, :'actor'::jsonb, :'item'::jsonb) as file`,
            { actor, item: JSON.stringify(item) });
        return row.file;
    }

    /** {id, revision, bundle_sha256}: waits for review. */
    submit(code, { language = 'python', files = [], limits, retry_safe = false,
                   backend = 'local', image = 'system-python3',
                   when_unavailable, verdict = HARMLESS, approval_seconds = 86400 } = {}) {
        return this.call('submit_requests', {
            actor: this.actor('ana'), title: 'test', question: '', language, code,
            files: files.map((file) => ({ id: file.id })), limits: limits ?? {},
            max_limits: LIMITS, retry_safe, backend, image, when_unavailable, verdict,
            network: 'none', approval_seconds, pending_seconds: 86400, max_waiting: 100000,
        });
    }

    /** {id, attempt_id}: may run. Nobody is told but by `ring`. */
    approve(request, undo_seconds = 0) {
        return this.decide(request, { undo_seconds });
    }

    /** rob's decision, signed as the api does; `other` replaces what was signed. */
    async decide(request, { verdict = 'approve', note = '', undo_seconds = 0, acknowledged = [],
                             other = {} } = {}) {
        const [{ terms }] = await this.stack.psql('api',
            `select cs.decision_terms(${request.id}) as terms`);
        const decision = { revision: request.revision, bundle_sha256: request.bundle_sha256,
                           verdict, acknowledged, ...terms };
        const signed = signDecision(decisionKey(this.stack),
            { ...decision, request_id: request.id, reviewer_id: this.people.rob });
        return this.call('decide_requests', {
            ...decision, ...signed, ...other, note, actor: this.actor('rob'), id: request.id,
            undo_seconds });
    }

    ring(...ids) {
        return this.ringFor('local', ...ids);
    }

    ringFor(backend, ...ids) {
        return this.stack.redis('lpush', `queue:run:${backend}`, ...ids);
    }

    /** Submits, approves and rings: {id, attempt_id}. */
    async run(code, options = {}) {
        const request = await this.submit(code, options);
        const decided = await this.approve(request);
        if (options.ring !== false)
            await this.ringFor(options.backend ?? 'local', decided.attempt_id);
        return decided;
    }

    async attempt(id) {
        const [row] = await this.stack.psql('superuser',
            `select a.*, r.state as request_state from cs.attempt a
             join cs.request r on r.id = a.request_id where a.id = ${id}`);
        return row;
    }

    /** The attempt, once it is in that state. */
    inState(id, state) {
        return until(async () => {
            const row = await this.attempt(id);
            if (row.state !== state && !LIVE.includes(row.state))
                throw new Error(`attempt ${id} is ${row.state} (${row.reason})`);
            return row.state === state && row;
        }, `attempt ${id} to be ${state}`);
    }

    /** The attempt, once it is over. */
    over(id) {
        return until(async () => {
            const row = await this.attempt(id);
            return !LIVE.includes(row.state) && row;
        }, `the end of attempt ${id}`);
    }

    /** What it handed back: [{n, kind, name, mime, text}]. */
    async items(id) {
        const rows = await this.stack.psql('superuser',
            `select i.n, i.kind, i.name, i.mime, encode(coalesce((select string_agg(c.data, ''
                 order by c.n) from cs.output_chunk c where c.attempt_id = i.attempt_id
                 and c.fence = i.fence and c.item = i.n), ''), 'hex') as hex
             from cs.output_item i where i.attempt_id = ${id} order by i.n`);
        return rows.map(({ hex, ...row }) => (
            { ...row, text: Buffer.from(hex, 'hex').toString('utf8') }));
    }

    async stdout(id) {
        return (await this.items(id)).find((item) => item.kind === 'stdout')?.text ?? '';
    }

    /** The audit events of a request, oldest first. */
    async events(request) {
        const rows = await this.stack.psql('superuser',
            `select event, from_state, to_state, body from cs.audit_event
             where entity = 'request' and entity_id = ${request} order by entity_seq`);
        return rows;
    }

    /** How often the code of each attempt really left a worker, by the workers' own logs. */
    async starts(...workers) {
        const starts = new Map();
        for (const worker of workers.length ? workers : ['worker-1'])
            for (const line of (await this.stack.log(worker)).split('\n'))
                if (line.includes('"attempt.code_sent"')) {
                    const { attempt } = JSON.parse(line);
                    starts.set(attempt, (starts.get(attempt) ?? 0) + 1);
                }
        return starts;
    }
}
