// The table of what is tortured. `run` gives {ok, told, text}: done, or else said to have failed;
// `ready` makes what one run needs, before anything fails. What a row leaves in the database is
// measured by a run in which nothing fails.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build } from '../flow/stack.mjs';

const programs = path.join(build, 'torture');
const HANG_MS = 90000; // beyond every deadline of ours: a hang
let serial = 0;
const fresh = (word) => `${word}${process.pid}x${++serial}`;

/** Runs one program to its end: {code, signal, out, said, hung}. */
function program(bed, name, words, { env = {}, input = '' } = {}) {
    return new Promise((done) => {
        const child = spawn(path.join(programs, name), words, {
            env: { ...process.env, COUNTERSIGN_TORTURE: bed.plans.program.path, ...env },
        });
        let [out, said, hung] = ['', '', false];
        const timer = setTimeout(() => { hung = child.kill('SIGKILL'); }, HANG_MS);
        child.stdout.on('data', (part) => { out += part; });
        child.stderr.on('data', (part) => { said += part; });
        child.on('close', (code, signal) => {
            clearTimeout(timer);
            done({ code, signal, out, said, hung });
        });
        child.stdin.on('error', () => {}); // it ended; its code says why
        child.stdin.end(input);
    });
}

const command = (name, families, words, options = () => ({})) => ({
    name, families,
    run: async (bed, given) => {
        const end = await program(bed, 'countersign', words(given), options(bed, given));
        return { ok: end.code === 0, told: end.code > 0 && end.said.trim() !== '', ...end };
    },
});

const operator = (name, words, ready) => ({
    ...command(name, ['memory', 'write', 'send', 'database'], words, (bed) => ({ env: {
        DATABASE_URL: bed.stack.database.operator, PUBLIC_URL: bed.stack.url,
    } })),
    ready,
});

const hangs = (ms) => new Promise((done) => setTimeout(done, ms, { hung: true }).unref());

// A batch answers each of its elements by itself.
const answersOf = (answer) => [answer, ...(answer.body?.results ?? [])];

/** One call of the api. A cut connection tells that nobody knows. */
const call = (name, send, ready, families = ['memory', 'write', 'send', 'database']) => ({
    name, ready, families, api: true,
    run: (bed, given) => Promise.race([hangs(HANG_MS), (async () => {
        try {
            const answer = await send(bed, given);
            const failed = answersOf(answer).filter(({ status }) => status >= 400);
            const told = failed.length > 0 && failed.every(({ status, body }) =>
                status >= 500 && Boolean(body?.error?.code));
            const text = `${answer.status} ${answer.text.slice(0, 200)}`;
            return { ok: failed.length === 0, told, text };
        } catch (error) {
            return { ok: false, told: true, text: `cut: ${error.cause?.code ?? error.message}` };
        }
    })()]),
});

/** One that changes something, which Redis carries on. */
const change = (...row) => {
    const made = call(...row);
    return { ...made, families: [...made.families, 'redis'] };
};

const CODE = 'print("a line of the report")\n'.repeat(40);
const submission = (more = {}) => ({ title: 'Sums', language: 'python', code: CODE, ...more });

async function submitted(bed) {
    const answer = await bed.ana.post('/api/requests', submission());
    if (answer.status !== 201) throw new Error(`submit: ${answer.status} ${answer.text}`);
    return answer.body;
}

const decision = (request, verdict, more = {}) => ({
    verdict, revision: request.revision, bundle_sha256: request.bundle_sha256, ...more });

const job = (language, code, files = []) => JSON.stringify({
    language, code, files: files.map(([name, data]) => (
        { name, base64: Buffer.from(data).toString('base64') })),
    limits: { wall_ms: 60000 },
});

/** A job of one local sandbox, without a database. Whatever fails, its end is one of ours. */
const run = (name, input) => ({
    name, families: ['memory', 'write', 'send'],
    run: async (bed) => {
        const end = await program(bed, 'run_job', ['local'], { input });
        let result = null;
        try { result = JSON.parse(end.out); } catch { /* nothing came of it */ }
        const ok = end.code === 0 && result?.outcome === 'succeeded';
        const told = (end.code === 0 && Boolean(result?.outcome)) ||
            (end.code > 0 && end.said.trim() !== '');
        return { ok, told, ...end };
    },
});

export const scenarios = [
    command('settings', ['memory', 'write'], () => ['settings']),
    operator('team add', (name) => ['team', 'add', name], () => fresh('team')),
    operator('person add', (name) => ['person', 'add', name, '--team', 'data', '--role',
        'analyst'], () => fresh('person')),
    operator('person list', () => ['person', 'list']),
    operator('link', () => ['link', 'ana']),
    command('migrate', ['memory', 'write', 'send', 'database'], () =>
        ['migrate', '--check'], (bed) => ({ env: { DATABASE_URL: bed.stack.database.superuser } })),
    run('run Python', job('python', 'print(1)\nopen("made.txt", "w").write("x")\n')),
    run('run SQL', job('sql', 'select * from data', [['data.csv', 'a,b\n1,2\n']])),
    call('ready', (bed) => bed.client().get('/readyz')),
    call('sign in', (bed, token) => bed.client().post('/api/login', { link_token: token }),
        async (bed) => {
            const link = await bed.stack.operator('link', 'ana');
            return link.slice(link.indexOf('#') + 1);
        }),
    call('who am I', (bed) => bed.ana.get('/api/me')),
    change('submit', (bed) => bed.ana.post('/api/requests', submission())),
    change('submit with a key', (bed, key) => bed.ana.post('/api/requests', submission(),
        { 'idempotency-key': `"${key}"` }), () => fresh('key')),
    change('submit several', (bed) => bed.ana.post('/api/requests:batch',
        { requests: [submission(), submission({ language: 'sql', code: 'select 1' })] })),
    change('revise', (bed, request) => bed.ana.post(`/api/requests/${request.id}/revisions`,
        submission({ revision: request.revision })), submitted),
    change('approve', (bed, request) => bed.rob.post(`/api/requests/${request.id}/decisions`,
        decision(request, 'approve')), submitted),
    change('reject', (bed, request) => bed.rob.post(`/api/requests/${request.id}/decisions`,
        decision(request, 'reject', { note: 'no' })), submitted),
    change('cancel', (bed, request) => bed.ana.post(`/api/requests/${request.id}/cancel`),
        submitted),
    call('read a request', (bed, request) => bed.rob.get(`/api/requests/${request.id}`),
        submitted),
    call('list', (bed) => bed.rob.get('/api/requests?view=review')),
    // Another content each time: what is there already is not stored again.
    call('upload', (bed, word) => bed.ana.upload('data.csv', `a,${word}\n1,2\n`.repeat(5000)),
        () => fresh('column')),
    call('download', (bed, file) => bed.ana.get(`/api/files/${file}`), async (bed) =>
        (await bed.ana.upload('data.csv', 'a,b\n1,2\n')).body.id),
];
