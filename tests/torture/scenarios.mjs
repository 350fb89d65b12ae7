// The table of what is tortured. `run` gives {ok, told, text}: done, or else said to have failed;
// `ready` makes what one run needs, before anything fails. What a row leaves in the database is
// measured by a run in which nothing fails.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build } from '../flow/stack.mjs';

const programs = path.join(build, 'torture');
const HANG_MS = 120000;
let serial = 0;
const fresh = (word) => `${word}${process.pid}x${++serial}`;

/** Runs one program to its end: {code, signal, out, said}. */
function program(bed, name, words, { env = {}, input = '' } = {}) {
    return new Promise((done) => {
        const child = spawn(path.join(programs, name), words, {
            env: { ...process.env, COUNTERSIGN_TORTURE: bed.plans.program.path, ...env },
            timeout: HANG_MS, killSignal: 'SIGKILL',
        });
        let [out, said] = ['', ''];
        child.stdout.on('data', (part) => { out += part; });
        child.stderr.on('data', (part) => { said += part; });
        child.on('close', (code, signal) => done({ code, signal, out, said }));
        child.stdin.on('error', () => {}); // it ended; its code says why
        child.stdin.end(input);
    });
}

const command = (name, words, options = () => ({})) => ({
    name: `${name}`,
    run: async (bed, given) => {
        const end = await program(bed, 'countersign', words(given), options(bed, given));
        return { ok: end.code === 0, told: end.code > 0 && end.said.trim() !== '', ...end };
    },
    families: ['memory', 'write', 'send', 'database'],
});

const operator = (name, words, ready) => ({
    ...command(name, words, (bed) => ({ env: {
        DATABASE_URL: bed.stack.database.operator, PUBLIC_URL: bed.stack.url,
    } })),
    ready,
});

/** One call of the api. A cut connection tells that nobody knows. */
const call = (name, send, ready, families = ['memory', 'write', 'send', 'database', 'redis']) => ({
    name, ready, families, api: true,
    run: async (bed, given) => {
        try {
            const answer = await send(bed, given);
            const ok = answer.status < 400;
            const told = answer.status >= 500 && Boolean(answer.body?.error?.code);
            return { ok, told, text: `${answer.status} ${answer.text.slice(0, 200)}` };
        } catch (error) {
            return { ok: false, told: true, text: `cut: ${error.cause?.code ?? error.message}` };
        }
    },
});

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
    command('settings', () => ['settings']),
    operator('team add', (name) => ['team', 'add', name], () => fresh('team')),
    operator('person add', (name) => ['person', 'add', name, '--team', 'data', '--role',
        'analyst'], () => fresh('person')),
    operator('person list', () => ['person', 'list']),
    operator('link', () => ['link', 'ana']),
    command('migrate', () => ['migrate', '--check'],
        (bed) => ({ env: { DATABASE_URL: bed.stack.database.superuser } })),
    run('run Python', job('python', 'print(1)\nopen("made.txt", "w").write("x")\n')),
    run('run SQL', job('sql', 'select * from data', [['data.csv', 'a,b\n1,2\n']])),
    call('ready', (bed) => bed.client().get('/readyz')),
    call('sign in', (bed, token) => bed.client().post('/api/login', { link_token: token }),
        async (bed) => {
            const link = await bed.stack.operator('link', 'ana');
            return link.slice(link.indexOf('#') + 1);
        }),
    call('who am I', (bed) => bed.ana.get('/api/me')),
    call('submit', (bed) => bed.ana.post('/api/requests', submission())),
    call('submit with a key', (bed, key) => bed.ana.post('/api/requests', submission(),
        { 'idempotency-key': `"${key}"` }), () => fresh('key')),
    call('submit several', (bed) => bed.ana.post('/api/requests:batch',
        { requests: [submission(), submission({ language: 'sql', code: 'select 1' })] })),
    call('revise', (bed, request) => bed.ana.post(`/api/requests/${request.id}/revisions`,
        submission()), submitted),
    call('approve', (bed, request) => bed.rob.post(`/api/requests/${request.id}/decisions`,
        decision(request, 'approve')), submitted),
    call('reject', (bed, request) => bed.rob.post(`/api/requests/${request.id}/decisions`,
        decision(request, 'reject', { reason: 'no' })), submitted),
    call('cancel', (bed, request) => bed.ana.post(`/api/requests/${request.id}/cancel`),
        submitted),
    call('read a request', (bed, request) => bed.rob.get(`/api/requests/${request.id}`),
        submitted),
    call('list', (bed) => bed.rob.get('/api/requests?view=review')),
    call('upload', (bed) => bed.ana.upload('data.csv', 'a,b\n1,2\n'.repeat(5000))),
    call('download', (bed, file) => bed.ana.get(`/api/files/${file}`), async (bed) =>
        (await bed.ana.upload('data.csv', 'a,b\n1,2\n')).body.id),
];
