// The demo: two questions about a wholesaler's orders, each asked by one person, read and
// approved by another, run by the worker, and looked at in the audit views.
//
//     build/countersign stack run -- node tools/demo/demo.mjs
//
// Acts over HTTP against the running stack; COUNTERSIGN_DEMO_OUT is where answers are saved.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Session, HttpError } from './http.mjs';
import { auditor, operator } from './operator.mjs';
import { watchRequest, watchQueues } from './watch.mjs';
import { watchCalls } from './calls.mjs';
import * as show from './show.mjs';

const url = process.env.COUNTERSIGN_URL;
const out = process.env.COUNTERSIGN_DEMO_OUT ?? 'build/demo';
const here = (name) => new URL(name, import.meta.url);
const team = 'Analytics';
const service = process.env.COUNTERSIGN_DEMO_SERVICE; // unset: code runs on this machine
const outcome = { requests: [] };

const questions = [
    {
        title: 'Revenue per month and region',
        question: 'What did we sell per month and region, once odd values are put right?',
        language: 'python',
        source: 'revenue.py',
    },
    {
        title: 'Which products come back',
        question: 'How many pieces of each product were sold and returned?',
        language: 'sql',
        source: 'returns.sql',
    },
];

async function command(...words) {
    const line = words.map((word) => (/ /.test(word) ? `"${word}"` : word)).join(' ');
    show.say(`$ countersign ${line}`);
    return operator(...words);
}

async function person(login, name, roles) {
    await command('person', 'add', login, '--name', name,
        '--role', roles, '--team', team);
    const link = await command('link', login);
    show.say(`${link.replace(/#.*/, '#…')}`);
    const session = await Session.fromLink(url, link);
    show.happened(`${name} opened that link, once, and is signed in: ` +
        session.me.person.roles.join(', '));
    return session;
}

async function upload(analyst) {
    const bytes = readFileSync(here('orders.csv'));
    const file = await analyst.upload('orders.csv', bytes);
    show.happened(`uploaded orders.csv: ${show.bytes(file.bytes)}, ` +
        `sha256 ${show.short(file.sha256)}`);
    return file;
}

async function submit(analyst, file, { title, question, language, source }) {
    const code = readFileSync(here(source), 'utf8');
    const made = await analyst.post('/api/requests',
        { title, question, language, code, files: [{ id: file.id }] });
    show.happened(`submitted as request ${made.id}, ${made.state}; ` +
        `bundle ${show.short(made.bundle_sha256)}`, made.created_at);
    return made;
}

async function tryOwn(analyst, request) {
    try {
        await decide(analyst, request, { verdict: 'approve' });
    } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        show.happened(`tries to approve it herself: ${error.status} ${error.code}`);
        show.say(`              "${error.text}"`);
        return error;
    }
    throw new Error('the author could approve her own request');
}

const decide = (session, request, decision) =>
    session.post(`/api/requests/${request.id}/decisions`,
        { revision: request.revision, bundle_sha256: request.bundle_sha256, ...decision });

/** What an approval must say was read. */
const graveOf = ({ findings }) => findings.filter(({ level }) => level !== 'note');

async function review(reviewer, id) {
    const list = await reviewer.get('/api/requests?view=review');
    const rows = list.requests.map((one) => [String(one.id), one.title, one.author.name,
        one.language, `${one.code_lines} lines`, `${one.files} file`, one.state]);
    show.table(['id', 'title', 'by', 'language', 'code', 'input', 'state'], rows, { right: [0] });
    const detail = await reviewer.get(`/api/requests/${id}`);
    show.say();
    show.code(detail.code);
    show.say();
    for (const { id: name, level, title } of graveOf(detail))
        show.say(`${level.padEnd(7)} ${title} (${name})`);
    show.say(`code    ${detail.code_sha256}`);
    for (const file of detail.files) show.say(`input   ${file.sha256}  ${file.name}`);
    show.say(`bundle  ${detail.bundle.sha256}`);
    const { limits, network, image } = detail.bundle;
    show.say(`runs in ${detail.bundle.sandbox} (${image || 'its own image'}), ` +
        `network ${network}, at most ` +
        `${limits.wall_ms / 1000} s and ${show.bytes(limits.memory_bytes)}`);
    return detail;
}

/** Approves, and prints what the api, the queue and the worker do, as it happens. */
async function approveAndWatch(reviewer, detail) {
    const watch = await watchRequest(reviewer, detail.id, (line) =>
        show.happened(describe(line), line.at));
    // What was committed before the hint is told before it.
    const inOrder = (text, at) => watch.look(at).then(() => show.happened(text, at));
    const queues = await watchQueues(inOrder);
    const calls = service && await watchCalls(join(process.env.COUNTERSIGN_DATA, 'log'),
        (call, at) => {
            outcome.calls.push(call);
            return inOrder(`${detail.bundle.sandbox.padEnd(8)} ${describeCall(call)}`, at);
        });
    try {
        const request = { id: detail.id, revision: detail.revision,
                          bundle_sha256: detail.bundle.sha256 };
        await decide(reviewer, request,
            { verdict: 'approve', note: 'Read it all.', undo_seconds: 0,
              acknowledged: graveOf(detail).map(({ id }) => id) });
        const done = await watch.end;
        await calls?.removed;
        return done;
    } finally {
        watch.stop();
        queues.stop();
        await calls?.stop();
    }
}

const describeCall = ({ method, path, status, ms, text }) =>
    `${method.padEnd(6)} ${path} → ${status || text} (${ms} ms)`;

function describe({ event, actor, from_state: from, to_state: to }) {
    const move = to ? `${from || 'new'} → ${to}` : '';
    const who = actor?.name ?? actor?.kind ?? '';
    return `${event.padEnd(20)} ${move.padEnd(24)} ${who}`.trimEnd();
}

/** Prints what came out and saves all of it; returns the answer table. */
async function results(analyst, detail, folder) {
    const attempt = detail.attempts.at(-1);
    let answer = null;
    mkdirSync(folder, { recursive: true });
    for (const item of attempt.items) {
        const path = `/api/requests/${detail.id}/results/${item.n}`;
        if (item.kind === 'stdout' || item.kind === 'stderr') {
            show.say(`${item.kind}:`);
            show.quote((await analyst.bytes(path)).toString());
            show.say();
        } else if (item.mime.startsWith('application/vnd.countersign.table')) {
            answer = await analyst.get(path);
            show.answer(answer);
            show.say();
            const csv = await analyst.bytes(`${path}?format=csv`);
            save(folder, item, `${item.kind}-${item.n}.csv`, csv);
        } else {
            const ending = item.mime === 'image/png' ? '.png' : '.txt';
            const name = item.name || `${item.kind}-${item.n}${ending}`;
            save(folder, item, name, await analyst.bytes(path));
        }
    }
    return answer;
}

function save(folder, item, name, bytes) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    show.say(`${item.kind.padEnd(6)} saved as ${path} (${show.bytes(bytes.length)})`);
    outcome.saved.push({ kind: item.kind, mime: item.mime, path });
}

function run(attempt) {
    const { memory_peak_bytes: peak, cpu_ms: cpu } = attempt;
    show.say(`attempt ${attempt.id} on ${attempt.worker}: ${attempt.state}, exit code ` +
        `${attempt.exit_code}, ${attempt.duration_ms} ms` +
        (peak ? ` (${cpu} ms of processor), peak ${show.bytes(peak)}` : ''));
}

async function trail(id) {
    const [names, ...costs] = await auditor(`select kind, provider, seconds, nano_usd,
            to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as started_at
        from audit.cost_spans where request_id = ${id} order by started_at`);
    show.say('audit.cost_spans:');
    show.table(names, costs, { right: [2, 3] });
    const [columns, ...rows] = await auditor(`select entity_seq as n,
        to_char(ts at time zone 'UTC', 'HH24:MI:SS.MS') as time, event, actor,
        concat_ws(' → ', from_state, to_state) as move, left(hash, 12) as hash
        from audit.request_trail where request_id = ${id} order by entity_seq`);
    show.say();
    show.say('audit.request_trail:');
    show.table(columns, rows, { right: [0] });
    return { costs, events: rows.map((row) => row[2]) };
}

async function ask(people, file, question) {
    const { analyst, reviewer } = people;
    const source = question.source;
    Object.assign(outcome, { saved: [], calls: [] });
    show.step(`${analyst.me.person.name} asks: ${question.question}`);
    const made = await submit(analyst, file, question);
    const refused = await tryOwn(analyst, made);
    show.step(`${reviewer.me.person.name} opens the review queue and reads ${source}`);
    const detail = await review(reviewer, made.id);
    show.step('Approved; what happens now, as it happens');
    const done = await approveAndWatch(reviewer, detail);
    show.step(`${analyst.me.person.name} sees the answer`);
    run(done.attempts.at(-1));
    show.say();
    const answer = await results(analyst, done, join(out, source.split('.')[0]));
    show.step('The auditor asks for the cost and the trail of this request in SQL');
    const audit = await trail(made.id);
    outcome.requests.push({ id: made.id, state: done.state, refused: refused.code,
                            bundle_sha256: made.bundle_sha256, answer, saved: outcome.saved,
                            calls: outcome.calls, sandbox: detail.bundle.sandbox, ...audit });
    if (done.state !== 'succeeded') throw new Error(`request ${made.id} ended as ${done.state}`);
}

/** For whoever started the stack, to see that all of it has ended. */
function noteChildren() {
    const { children } = JSON.parse(readFileSync(join(process.env.COUNTERSIGN_DATA, 'stack.json')));
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'children'),
        Object.entries(children).filter(([name]) => name !== 'command')
            .map(([name, pid]) => `${name}:${pid}\n`).join(''));
}

async function main() {
    show.heading('Countersign: nothing runs that nobody approved', url);
    if (service) show.say(`Sandboxes come from ${service}`);
    noteChildren();
    show.step('The operator adds a team and two people');
    await command('team', 'add', team);
    const analyst = await person('mara', 'Mara Lind', 'analyst,reviewer');
    const reviewer = await person('tomas', 'Tomas Weber', 'reviewer');
    show.step(`${analyst.me.person.name} uploads the orders`);
    const file = await upload(analyst);
    for (const question of questions) await ask({ analyst, reviewer }, file, question);
    writeFileSync(join(out, 'outcome.json'), JSON.stringify(outcome, null, 2));
}

await main();
