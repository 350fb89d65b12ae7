// Daytona's own traps, a row each: states, quotas, names that are taken, sandboxes that go away,
// answers that lie, cancelling, and runs that another worker takes up.
import assert from 'node:assert/strict';
import { runTable } from './fault_table.mjs';
import { SLOWER } from './stack.mjs';
import { jobOf } from '../conformance/run_job.mjs';
import { BAD_REQUEST, BAD_RESULTS, CREATE, DELETE, EXEC, FORBIDDEN, LOGS, LOOK, LOST, NOT_STARTED,
    REFUSED_START, RESULTS, SESSION, STATUS, SUCCEEDED, THROTTLED, UNAVAILABLE, UPLOAD, editJson,
    harness } from './daytona_faults_harness.mjs';

const FAST = { DAYTONA_CALL_MS: String(6000 * SLOWER) };
const HURRY = { DAYTONA_CALL_MS: String(3000 * SLOWER) };
const JSON_TYPE = { 'content-type': 'application/json' };
const plan = (more) => [{ match: CREATE, do: 'plan', ...more }];
const says = (match, status, body, headers) => [{ match, do: 'status', status, body,
    headers: { ...JSON_TYPE, ...headers } }];
const edit = (match, change, more) => ({ match, ...editJson(change), times: Infinity, ...more });

/* ---- making one ---------------------------------------------------------------------------- */

const COMING = [['creating'], ['starting'], ['restoring'], ['resuming'], ['unknown'],
    ['pending_build', 'building_snapshot'], ['pulling_snapshot', 'creating'], ['resizing'],
    ['snapshotting'], ['forking'], ['from_the_future', 'also_new'], [''], ['STARTED', 'started '],
    ['stopping', 'stopped'], ['archiving', 'archived'], ['pausing', 'paused']];

const states = [
    ...COMING.map((list) => ({ name: `${list.join(', ') || 'no state'}, then started`,
        rules: plan({ states: list }), want: SUCCEEDED })),
    ...['stopped', 'archived', 'paused'].map((then) => ({ name: `${then}: it is started again`,
        rules: plan({ then }), want: SUCCEEDED,
        check: (result, fake) => assert.equal(fake.callsTo('POST */start').length, 1) })),
    ...['error', 'build_failed'].map((then) => ({ name: `${then} after a while`, want: UNAVAILABLE,
        rules: plan({ states: ['creating'], then, reason: 'no runner' }),
        check: ({ create_error: error }) => assert.match(error.text, /no runner/) })),
    { name: 'error at once, told as 400', rules: plan({ then: 'error', held: true }),
        want: UNAVAILABLE },
    { name: 'error because of the quota', rules: plan({ then: 'error',
        reason: 'Total CPU limit exceeded. Maximum allowed: 10' }), want: THROTTLED },
    { name: 'never started', rules: plan({ states: ['creating'], then: 'creating' }), env: HURRY,
        want: UNAVAILABLE },
    { name: 'gone before it was ready', rules: plan({ gone: true }), want: UNAVAILABLE },
    { name: 'destroyed by somebody else', rules: plan({ then: 'destroyed' }), want: UNAVAILABLE },
    { name: 'wanted to be destroyed', want: UNAVAILABLE,
        rules: [edit(LOOK, (one) => { one.desiredState = 'destroyed'; })] },
    ...[7, null, {}, 'x'.repeat(1 << 20)].map((state) => ({
        name: `a state that is ${typeof state} ${`${state}`.length}`,
        rules: [edit(LOOK, (one) => { one.state = state; }, { times: 1 })], want: SUCCEEDED })),
];

const quota = (what) => `Total ${what} limit exceeded. Maximum allowed: 10.`;

const refusals = [
    ...['CPU', 'memory', 'disk'].map((what) => ({ name: `the pool has no more ${what}`,
        rules: says(CREATE, 400, { message: quota(what) }), want: THROTTLED })),
    { name: 'the pool is full, in small letters',
        rules: says(CREATE, 400, { message: quota('cpu').toLowerCase() }), want: THROTTLED },
    { name: 'the pool is really full', serve: { quota: { memory: 0 } }, want: THROTTLED },
    { name: 'a size that is too large for one', want: BAD_REQUEST, rules: says(CREATE, 400,
        { message: 'CPU request 9 exceeds maximum allowed per sandbox (4)' }) },
    { name: 'an unknown snapshot', job: { image: 'nowhere' }, want: BAD_REQUEST },
    { name: 'an unknown region', env: { DAYTONA_TARGET: 'moon' }, want: BAD_REQUEST },
    { name: 'a wrong key', env: { DAYTONA_API_KEY: 'dtn_other' }, want: FORBIDDEN },
    { name: 'a suspended organization', rules: says(CREATE, 403, { message: 'suspended' }),
        want: FORBIDDEN },
    { name: 'an error body that repeats the key', want: BAD_REQUEST,
        rules: (fake) => says(CREATE, 400, { message: `bad: Bearer ${fake.key}` }) },
    { name: 'an error body of 200 KB', want: BAD_REQUEST,
        rules: says(CREATE, 400, { message: 'x\n\u001b[2J'.repeat(20000) }),
        check: ({ create_error: error }) => assert.doesNotMatch(error.text, /[\n\u001b]/) },
    ...[['seconds', { 'retry-after': '7' }, 7000], ['nothing', {}, -1],
        ['an absurd time', { 'retry-after': '999999999' }, 900000],
        ['minus one', { 'retry-after': '-1' }, -1], ['a word', { 'retry-after': 'soon' }, -1],
        ['its own spelling', { 'Retry-After-Sandbox-Create': '9' }, 9000],
        ['two times', { 'retry-after': '3', 'retry-after-sandbox-create': '8' }, 8000]]
        .map(([name, headers, ms]) => ({ name: `429 with ${name}`, want: { ...THROTTLED,
            retry_after_ms: ms }, rules: says(CREATE, 429, { message: 'slow' }, headers) })),
    { name: '429 with a date', rules: () => says(CREATE, 429, '', { 'retry-after':
        new Date(Date.now() + 60000).toUTCString() }),
    want: { ...THROTTLED, retry_after_ms: (ms) => ms > 0 && ms <= 61000 } },
];

/* Any call before the start: the job waits for as long as the service says. */
const busyFor = (match, more) => [{ ...says(match, 429, {}, { 'retry-after': '300' })[0],
    times: Infinity, ...more }];
const WAITS = { ...THROTTLED, retry_after_ms: 300000 };

const leftAlone = [
    ...[[LOOK, 'the first look'], [UPLOAD, 'the upload'], [SESSION, 'the session']].map(
        ([match, what]) => ({ name: `429 to ${what}`, rules: busyFor(match), want: WAITS })),
    { name: '429 to the question for the toolbox', serve: { hidesProxy: true }, want: WAITS,
        rules: busyFor('GET */toolbox-proxy-url') },
    { name: '429 to the upload of the code', rules: busyFor(UPLOAD, { skip: 1 }),
        want: { ...NOT_STARTED, service_fault: false, retry_after_ms: 300000 } },
    { name: '429 to the upload for a moment', want: SUCCEEDED,
        rules: says(UPLOAD, 429, {}, { 'retry-after': '1' }) },
];

/* ---- names, and attempts before this one --------------------------------------------------- */

const ME = { attempt_id: 77, instance: '0a1b2c3d-0000-4000-8000-000000000000' };
const labels = (fence, instance = ME.instance) => ({ countersign: instance, attempt: '77',
    fence: `${fence}` });

/** One that is there already. */
const earlier = (fence, more) => async (fake) => {
    const answer = await fetch(`${fake.url}/sandbox`, { method: 'POST',
        headers: { ...JSON_TYPE, authorization: `Bearer ${fake.key}` },
        body: JSON.stringify({ name: `cs-0a1b2c3d-77-${fence}`, labels: labels(fence),
            ...more }) });
    assert.equal(answer.status, 200);
    fake.creates = 0;
    fake.calls.length = 0;
};
const second = { ...ME, fence: 2 };
const order = (first, then) => (result, fake) => {
    const names = fake.calls.map((call) => `${call.method} ${call.path}`);
    const at = (match) => names.findIndex((name) => name.startsWith(match));
    assert.ok(at(first) >= 0 && at(first) < at(then), names.join('\n'));
};

const names = [
    { name: 'the name is taken by ours: an answer was lost', prepare: earlier(1), job: ME,
        creates: 0, want: SUCCEEDED },
    { name: 'the name is taken by a stranger', prepare: earlier(1, { labels: {} }), job: ME,
        creates: 0, left: 1, want: UNAVAILABLE },
    { name: 'the name is taken by another instance', job: ME, creates: 0, left: 1,
        prepare: earlier(1, { labels: labels(1, 'ffff') }), want: UNAVAILABLE },
    { name: 'the claim before left one: it goes first', prepare: earlier(1), job: second,
        want: SUCCEEDED, check: order('DELETE /api/sandbox', 'POST /api/sandbox') },
    { name: 'the claim before left one that is slow to go', prepare: earlier(1), job: second,
        rules: [{ ...says(DELETE, 409, { message: 'Sandbox state change in progress' })[0],
            times: 3 }], want: SUCCEEDED, check: order('DELETE /api', 'POST /api/sandbox') },
    { name: 'the claim before left one that can not be deleted', prepare: earlier(1),
        job: second, env: FAST, creates: 0, left: 1, want: UNAVAILABLE,
        rules: [{ ...says(DELETE, 409, { message: 'busy' })[0], times: Infinity }] },
    { name: 'whether the claim before left one is not known', job: second, env: HURRY, creates: 0,
        rules: [{ match: LOOK, do: 'status', status: 502, times: Infinity }], want: UNAVAILABLE },
    { name: 'whether the claim before left one it says later', job: second, creates: 0,
        rules: busyFor(LOOK), want: WAITS },
    { name: 'the claim before left one, and it goes later', prepare: earlier(1), job: second,
        creates: 0, left: 1, rules: busyFor(DELETE), want: WAITS },
    { name: 'the claim before left one of another instance', job: second, left: 1,
        prepare: earlier(1, { labels: labels(1, 'ffff') }), want: SUCCEEDED },
];

/* ---- sandbox objects that lie -------------------------------------------------------------- */

const ODD_IDS = ['../../api-keys/current', '', 'a b', 'a\r\nX: y', '%2e%2e', 'x'.repeat(5000), 7,
    null];
const ODD_URLS = ['ftp://127.0.0.1/', 'http://user:pass@127.0.0.1/', 'file:///etc/passwd',
    'http://', '127.0.0.1', `http://127.0.0.1/${'x'.repeat(10000)}`,
    'http://127.0.0.1/?a=', 'http://a b/'];
const ODD_NUMBERS = ['4', -4, null, {}, 1e308, true];

const lies = [
    ...ODD_IDS.map((id, at) => ({ name: `create tells odd id ${at}`, want: SUCCEEDED,
        rules: [edit(CREATE, (one) => { one.id = id; })] })),
    ...ODD_IDS.slice(0, 2).map((id, at) => ({ name: `every answer tells odd id ${at}`,
        rules: [edit(CREATE, (one) => { one.id = id; }), edit(LOOK, (one) => { one.id = id; })],
        env: HURRY, want: UNAVAILABLE })),
    ...ODD_URLS.map((url, at) => ({ name: `odd toolbox address ${at}`, env: HURRY,
        rules: [CREATE, LOOK].map((match) => edit(match,
            (one) => { one.toolboxProxyUrl = url; })), want: UNAVAILABLE })),
    { name: 'no toolbox address: it is asked for', serve: { hidesProxy: true }, want: SUCCEEDED },
    { name: 'an empty toolbox address: it is asked for', want: SUCCEEDED,
        rules: [edit(/ \/api\/sandbox(\/[^/]*)?$/, (one) => { one.toolboxProxyUrl = ''; })],
        check: (result, fake) => assert.ok(fake.callsTo('GET */toolbox-proxy-url').length > 0) },
    { name: 'no toolbox address anywhere', serve: { hidesProxy: true }, env: HURRY,
        rules: [edit('GET */toolbox-proxy-url', () => ({}))], want: UNAVAILABLE },
    ...ODD_NUMBERS.map((value, at) => ({ name: `sizes that are odd number ${at}`,
        rules: [CREATE, LOOK].map((match) => edit(match, (one) => {
            Object.assign(one, { cpu: value, memory: value, disk: value });
        })),
        want: { ...SUCCEEDED, usage: ({ cpu, memory_mib: memory, disk_gib: disk }) => (
            [cpu, memory, disk].every((each) => each >= 0 && each < 1e9)) } })),
    { name: 'whole numbers told as reals', rules: [edit(LOOK, (one) => Buffer.from(
        JSON.stringify(one).replace('"cpu":1,', '"cpu":1.0e0,')))],
    want: { ...SUCCEEDED, usage: ({ cpu }) => cpu === 1 } },
    { name: 'fields of the future, and few of today', want: SUCCEEDED,
        rules: [edit(LOOK, (one) => ({ id: one.id, state: one.state, new: [{}], labels: one.labels,
            toolboxProxyUrl: one.toolboxProxyUrl }))] },
];

/* ---- while the code runs ------------------------------------------------------------------- */

const GATE = jobOf({ code: 'import time\nprint("on", flush=True)\ntime.sleep(600)\n' });
const NOT_THERE = 'bad request: failed to resolve container IP. Is the Sandbox started?';

const runs = [
    { name: 'restarted in the middle: the session is gone', rules: [{ match: STATUS,
        do: 'restart' }], want: LOST },
    { name: 'stopped in the middle', rules: [{ match: STATUS, do: 'stop' }], want: LOST },
    { name: 'broken in the middle', rules: [{ match: STATUS, do: 'fail' }], want: LOST },
    { name: 'gone in the middle', rules: [{ match: STATUS, do: 'vanish' }], want: LOST },
    { name: 'gone when the log is asked for', rules: [{ match: LOGS, do: 'vanish' }], want: LOST },
    { name: 'gone before the results', rules: [{ match: RESULTS, do: 'vanish' }], want: LOST },
    { name: 'stopped before the results', rules: [{ match: RESULTS, do: 'stop' }], want: LOST },
    { name: 'stopped before the code was uploaded', rules: [{ match: UPLOAD, skip: 1, do: 'stop' }],
        want: NOT_STARTED },
    { name: 'gone before the inputs were uploaded', rules: [{ match: UPLOAD, do: 'vanish' }],
        want: UNAVAILABLE },
    { name: '"Is the Sandbox started?", and it is', rules: says(STATUS, 400,
        { message: NOT_THERE }), want: SUCCEEDED },
    { name: '"Is the Sandbox started?" to an upload', rules: says(UPLOAD, 400,
        { message: NOT_THERE }), want: SUCCEEDED },
    { name: '"Is the Sandbox started?" to the start', rules: says(EXEC, 400,
        { message: NOT_THERE }), want: LOST },
    ...[400, 401, 403, 404, 409, 410, 413, 422, 429].map((status) => ({
        name: `a start that is refused by ${status}`, executions: 0, want: { ...REFUSED_START,
            error_value: `status ${status}: not like this` },
        rules: says(EXEC, status, { statusCode: status, message: 'not like this' }) })),
    ...[400, 401, 404, 409, 429].map((status) => ({
        name: `a start that is refused by ${status} and did run`, want: SUCCEEDED,
        rules: says(EXEC, status, { statusCode: status, message: 'not like this' })
            .map((rule) => ({ ...rule, effect: true })) })),
    ...[400, 404].map((status) => ({ name: `a start with ${status}, and the sandbox is gone`,
        env: HURRY, want: LOST, rules: [
            ...says(EXEC, status, { statusCode: status, message: 'no container' }),
            { match: /^GET .*\/process\/session\/[^/]+$/, do: 'vanish' }] })),
    ...[400, 404].map((status) => ({ name: `a start with ${status}, and nobody says how it is`,
        env: HURRY, want: LOST, rules: [
            ...says(EXEC, status, { statusCode: status, message: 'no container' }),
            { match: LOOK, do: 'status', status: 503, skip: 1, times: Infinity }] })),
    { name: 'a start with 408', executions: 0, env: HURRY, want: LOST,
        rules: says(EXEC, 408, { statusCode: 408, message: 'timed out' }) },
    { name: 'a start that is lost with its session: the sandbox was restarted', want: REFUSED_START,
        executions: 0, rules: [{ match: EXEC, do: 'restart' }] },
    { name: 'a start that is refused with the key in it', executions: 0, want: { ...REFUSED_START,
        error_value: 'status 422' },
    rules: (fake) => says(EXEC, 422, { message: `Bearer ${fake.key} is bad` }) },
    { name: 'a session that is said to be missing once', rules: says(STATUS, 404,
        { message: 'session not found' }), want: SUCCEEDED },
    { name: 'a start that is told without an id', rules: [edit(EXEC, () => ({}))],
        want: SUCCEEDED },
    { name: 'a start that is told with an odd id', rules: [edit(EXEC, () => ({ cmdId: '../x' }))],
        want: SUCCEEDED },
    { name: 'an upload that did not store all', want: SUCCEEDED, rules: [edit(UPLOAD, (answer) => {
        answer.files[0].bytes--;
    }, { times: 1 })] },
    { name: 'an upload that never stores all', want: UNAVAILABLE, env: FAST,
        rules: [edit(UPLOAD, (answer) => { answer.files.pop(); })] },
    { name: 'an upload in part', want: SUCCEEDED, rules: says(UPLOAD, 400,
        { errors: ['x: disk full'], files: [] }) },
    { name: 'an exit code that never comes', job: { limits: { wall_ms: 1500 } },
        rules: [edit(STATUS, (one) => { delete one.exitCode; })],
        want: { outcome: 'timed_out', reason: 'wall_time' } },
    ...['0', 0.5, true, {}].map((code) => ({ name: `an exit code that is ${typeof code} ${code}`,
        env: HURRY, rules: [edit(STATUS, (one) => {
            if ('exitCode' in one) one.exitCode = code;
        })], want: LOST })),
    { name: 'an exit code of 0.0 is 0', want: SUCCEEDED, rules: [edit(STATUS, (one) =>
        Buffer.from(JSON.stringify(one).replace('"exitCode":0', '"exitCode":0.0')))] },
    { name: 'an exit code of null is none yet', want: SUCCEEDED, rules: [edit(STATUS, (one) => {
        one.exitCode ??= null;
    })] },
    { name: 'code that never ends', job: { ...GATE, limits: { wall_ms: 1000 } },
        want: { outcome: 'timed_out', reason: 'wall_time' } },
    { name: 'polls that hang up to the deadline', job: { ...GATE, limits: { wall_ms: 1500 } },
        want: LOST, rules: [{ match: STATUS, skip: 1, do: 'hang', times: Infinity }] },
    { name: 'code that never ends, and polls that hang', env: HURRY,
        job: { ...GATE, limits: { wall_ms: 1500 } }, want: { outcome: ['timed_out', 'unknown'] },
        rules: [{ match: STATUS, skip: 1, do: 'hang', times: Infinity }] },
    { name: 'cancelled while it runs', job: { ...GATE, cancel_on_output: true },
        want: { outcome: 'cancelled', reason: 'cancelled' } },
    { name: 'a stale list is asked by nobody', prepare: (fake) => fake.freezeList(),
        want: SUCCEEDED },
];

/* ---- logs and results ---------------------------------------------------------------------- */

const log = (change, more) => [edit(LOGS, change, more)];
const long = jobOf({ code: 'print("x" * 10_000_000)', limits: { output_bytes: 16 << 20 } });
const results = (change) => [{ match: RESULTS, do: 'function', times: Infinity,
    edit: (lines) => [change(Buffer.concat(lines))] }];
const EARLY = { outcome: 'failed', reason: 'ended_early', exit_code: 0 };
const atEnd = (rules, name, more) => ({ name, rules, want: SUCCEEDED, ...more });

const outputs = [
    atEnd([{ match: LOGS, do: 'tiny', times: Infinity }], 'a log byte by byte'),
    atEnd([{ match: LOGS, do: 'cut', at: 20, times: 3 }], 'a log that is cut three times'),
    atEnd(log((one) => ({ stderr: one.stderr, stdout: one.stdout })), 'a log in another order'),
    atEnd(log((one) => Buffer.from(` \r\n\t${JSON.stringify(one, null, 4)}\n`)),
        'a log with blanks'),
    atEnd(log((one) => ({ ...one, more: [{ stdout: 'no' }, '"stdout":"no"'] })), 'a log with more'),
    atEnd(log((one) => Buffer.from(JSON.stringify(one).replace(/out(?=\\n)/g,
        '\\u006F\\u0075t'))), 'a log in escapes'),
    atEnd(log(() => ({ stdout: 7 }), { times: 1 }), 'a log that is a number'),
    atEnd(log(() => Buffer.from('{"stdout":"\xff\xfe', 'latin1'), { times: 1 }),
        'a log of broken characters'),
    atEnd(log((one) => Buffer.from(`${JSON.stringify(one)}{}`), { times: 1 }), 'a log and more'),
    atEnd(() => {
        let seen = false;
        return log((one) => {
            const whole = one.stdout && one.stderr && !seen;
            const told = seen ? { ...one, stdout: '' } : one;
            seen ||= whole;
            return told;
        });
    }, 'a log that shrinks'),
    { name: 'a log that is never whole', rules: [{ match: LOGS, do: 'cut', at: 20,
        times: Infinity }], env: FAST, want: LOST },
    { name: 'one line of 10 MB', job: long, want: { outcome: 'succeeded',
        stdout: (text) => text.length === 10_000_001 } },
    { name: 'one line of 10 MB where 1 MB may be', job: { ...long,
        limits: { wall_ms: 60000, output_bytes: 1 << 20 } },
    want: { outcome: 'failed', reason: 'output', output_truncated: true,
        stdout: (text) => text.length <= 1 << 20 } },
    { name: 'empty lines, whose marks are longer', want: { outcome: 'succeeded',
        stdout: (text) => text.length === 300_000 },
    job: jobOf({ code: 'print("\\n" * 300_000, end="")', limits: { output_bytes: 300_000 } }) },
    // "output" is both streams and comes first: those themselves never begin.
    { name: 'a log without end', env: FAST, job: { limits: { wall_ms: 20000, output_bytes: 1000 } },
        want: { outcome: 'failed', reason: 'output', output_truncated: true, service_fault: false },
        rules: [{ match: LOGS, do: 'answer', times: Infinity, answer: async (reply) => {
            reply.open(200, JSON_TYPE);
            for (reply.write('{"output":"'); !reply.gone; reply.write('x'.repeat(4096)))
                await new Promise((done) => { setTimeout(done, 5); });
        } }] },
    { name: 'a log that is a bomb', rules: [{ match: LOGS, do: 'gzip_bomb', times: Infinity }],
        env: FAST, want: LOST },
    { name: 'no results at all', rules: [{ ...says(RESULTS, 404, { message: 'no such file' })[0],
        times: Infinity }], want: EARLY },
    { name: 'results of no bytes', rules: results(() => Buffer.alloc(0)), want: EARLY },
    ...[1, 12, 13, 30, -1, -33].map((at) => ({ name: `results up to byte ${at}`, want: EARLY,
        rules: results((whole) => whole.subarray(0, at)) })),
    { name: 'results with another byte', want: BAD_RESULTS, rules: results((whole) => {
        whole[whole.length - 1] ^= 1;
        return whole;
    }) },
    { name: 'results that are garbage', want: BAD_RESULTS,
        rules: results(() => Buffer.alloc(5000, 'garbage')) },
    { name: 'results that are a bomb', rules: [{ match: RESULTS, do: 'gzip_bomb',
        times: Infinity }], want: BAD_RESULTS },
    { name: 'results that claim 4 GB', want: BAD_RESULTS,
        rules: results(() => Buffer.from('S\0\0\0\0\0\0\0\x01\0\0\0\0', 'latin1')) },
    ...[1, 12, 40].map((at) => ({ name: `results cut at byte ${at} for ever`, env: HURRY,
        rules: [{ match: RESULTS, do: 'cut', at, times: Infinity }], want: LOST })),
];

/* ---- the end, and cancelling ---------------------------------------------------------------- */

const busy = { ...says(DELETE, 409, { message: 'Sandbox state change in progress' })[0] };
const CANCELLED = { outcome: ['cancelled', 'not_created'],
    reason: (reason) => ['cancelled', 'conflict'].includes(reason) };

const ends = [
    { name: '409 to delete, four times', rules: [{ ...busy, times: 4 }], want: SUCCEEDED },
    { name: '409 to delete, always', rules: [{ ...busy, times: Infinity }], env: FAST, left: 1,
        want: SUCCEEDED },
    { name: '409 to delete after a failed upload', env: FAST, want: FORBIDDEN,
        rules: [{ ...busy, times: 2 }, ...says(UPLOAD, 401, {})] },
    { name: '404 to delete', rules: [{ match: STATUS, do: 'vanish' }], want: LOST },
    ...[[CREATE, 'create'], [LOOK, 'the first look'], [UPLOAD, 'the upload'],
        [SESSION, 'the session'], [EXEC, 'the start'], [STATUS, 'a poll'], [LOGS, 'the log'],
        [RESULTS, 'the results']].flatMap(([match, step]) => [false, true].map((effect) => ({
        name: `cancelled while ${step} hangs${effect ? ', but was done' : ''}`, cancelAt: match,
        rules: [{ match, do: 'hang', effect, times: Infinity }], want: CANCELLED }))),
];

/* ---- taking up a lost run ------------------------------------------------------------------ */

const attach = (act) => async (fake) => {
    await earlier(1)(fake);
    const [sandbox] = fake.left();
    await act?.(fake, sandbox);
    return { ...ME, reference: JSON.stringify({ sandbox_id: sandbox.id, session: 'cs-77-1',
        toolbox: fake.toolboxUrl, created_ms: Date.now(), name: sandbox.name }) };
};
const GONE = { outcome: 'not_created', reason: 'not_found' };
const session = (fake, sandbox) => fetch(`${fake.toolboxUrl}/${sandbox.id}/process/session`,
    { method: 'POST', headers: { ...JSON_TYPE, authorization: `Bearer ${fake.key}` },
        body: '{"sessionId":"cs-77-1"}' });
const taken = (name, act, want, more) => ({ name, prepare: attach(act), want, creates: 0,
    executions: 0, left: 1, ...more });

const lost = [
    taken('the sandbox is gone', (fake, sandbox) => sandbox.vanish(), GONE),
    taken('the sandbox has stopped', (fake, sandbox) => sandbox.come(['stopped']), GONE),
    taken('the sandbox is of somebody else', (fake, sandbox) => { sandbox.labels = {}; }, GONE),
    taken('the session is gone', null, GONE),
    taken('the session ran nothing', session, GONE),
    taken('the service is away', session, UNAVAILABLE, { env: HURRY,
        rules: [{ match: LOOK, do: 'status', status: 503, times: Infinity }] }),
    taken('the toolbox is away', session, UNAVAILABLE, { env: HURRY,
        rules: [{ match: 'GET */session/*', do: 'status', status: 502, times: Infinity }] }),
];

const tables = { 'states of a sandbox': states, 'refusals of a create': refusals,
    'too many calls': leftAlone,
    'names, and claims before': names, 'answers that lie': lies, 'while the code runs': runs,
    'logs and results': outputs, 'ends and cancelling': ends,
    'lost runs': lost };
for (const [title, rows] of Object.entries(tables)) runTable(title, rows, harness);
