// Rows of the fault table of E2B: what the stream of /execute may do to a worker, and the files
// that a run made.
import { asciiLine } from '../fake/e2b_cells.mjs';
import { senseless, slowly } from './e2b_faults_control.mjs';

const EXECUTE = 'POST /execute';
const AT = '2026-01-01T00:00:00.000000+00:00';
const START = { type: 'number_of_executions', execution_count: 1 };
const END = { type: 'end_of_execution' };
const out = (text) => ({ type: 'stdout', text, timestamp: AT });
const result = (fields) => ({ type: 'result', is_main_result: true, extra: {}, ...fields });
const error = (name, value = 'v') => ({ type: 'error', name, value, traceback: 'T\n' });
const own = (name) => ({ ...error(name), traceback: '' }); // the service's own
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA'
    + 'WjR9awAAAABJRU5ErkJggg==';

const RECORDED = [START, out('one\n'), { type: 'stderr', text: 'two\u00e9\n', timestamp: AT },
    { type: 'keepalive' }, result({ text: '42' }), END];

// The breaker counts what is the service's doing, never what is the code's.
const lost = { outcome: 'unknown', reason: 'service_lost', service_fault: true };
const late = { outcome: 'timed_out', reason: 'wall_time', service_fault: false };
const fine = { outcome: 'succeeded', reason: '', service_fault: false };
const warned = (stderr) => ({ ...fine, stdout: 'ok\n', stderr });

const bytesOf = (lines) => Buffer.concat(lines.map((line) => (Buffer.isBuffer(line) ? line
    : Buffer.from(typeof line === 'string' ? `${line}\n` : asciiLine(line)))));

/** A row whose stream is these lines: objects, texts or bytes. */
const says = (name, lines, expect, more = {}) => ({ name: `stream: ${name}`, expect,
    rules: [{ match: EXECUTE, do: 'stream', parts: [bytesOf(lines)] }], ...more });

/** The recorded stream, cut at each of its bytes: without the whole last line, nobody knows. */
function cuts() {
    const whole = bytesOf(RECORDED);
    return Array.from({ length: whole.length + 1 }, (_, at) => ({
        name: `stream: cut at byte ${at} of ${whole.length}`, service: { instant: {
            lines: RECORDED } },
        rules: [{ match: EXECUTE, do: 'cut', at }],
        expect: at < whole.length - 1 ? lost
            : { ...fine, stdout: 'one\n', stderr: 'two\u00e9\n' },
    }));
}

function statuses(to) {
    const none = senseless(200, to).filter(([what]) => what !== 'a length that is too long');
    const status = (code, expect, more) => ({ name: `execute: status ${code}`, expect,
        rules: [{ match: EXECUTE, do: 'status', status: code, body: 'x', ...more }] });
    return [
        ...[400, 401, 403, 404, 409, 422, 429].map((code) => status(code, { outcome: 'failed',
            reason: 'refused' })),
        { ...status(422, { outcome: 'failed', reason: 'refused', error_name: 'E2B',
            error_value: 'status 422: no such language' },
        { body: { message: 'no such language' } }),
        name: 'execute: a refusal in words' },
        ...[408, 500, 502, 503, 504].map((code) => status(code, lost)),
        { ...status(408, lost, { effect: true }), name: 'execute: status 408, though it ran' },
        ...none.map(([what, fault]) => ({ name: `execute: ${what}`, expect: lost,
            rules: [{ match: EXECUTE, ...fault }] })),
        ...none.map(([what, fault]) => ({ name: `execute, which had its effect: ${what}`,
            expect: lost, rules: [{ match: EXECUTE, effect: true, ...fault }] })),
        { name: 'execute: a length that is too long, after the last line', expect: fine,
            rules: [{ match: EXECUTE, do: 'wrong_length' }] },
        ...slowly.map(([what, fault]) => ({ name: `execute: ${what}`, slow: true,
            rules: [{ match: EXECUTE, ...fault }], expect: lost })),
        { name: 'execute: refused before a byte has left', expect: { outcome: 'not_started' },
            executes: 0, rules: (service) => [{ match: 'POST /filesystem.Filesystem/ListDir',
                do: 'answer', answer: (reply) => {
                    service.shut('sandbox');
                    reply.json(200, {}, { connection: 'close' });
                } }] },
    ];
}

function endings() {
    return [
        says('no end', [START, out('ok\n')], { ...lost, stdout: 'ok\n' }),
        says('nothing but the end', [END], fine),
        says('the end twice', [START, out('ok\n'), END, END], { ...fine, stdout: 'ok\n' }),
        says('lines after the end', [START, out('ok\n'), END, out('late\n'), error('E')],
            { ...fine, stdout: 'ok\n' }),
        says('the end without line feed', [START, Buffer.from(JSON.stringify(END))], fine),
        says('each line twice', [START, START, out('a\n'), out('a\n'), END, END],
            { ...fine, stdout: 'a\na\n' }),
        says('out of order', [END, out('ok\n'), START], fine),
        { name: 'stream: a length that is too short', expect: lost,
            rules: [{ match: EXECUTE, do: 'raw', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 30'
                + `\r\n\r\n${bytesOf(RECORDED)}` }] },
        { name: 'stream: it stays open after the end', expect: fine, rules: [{ match: EXECUTE,
            do: 'stream', parts: [bytesOf(RECORDED)], open: true }] },
        { name: 'stream: keepalives for ever', slow: true, rules: [{ match: EXECUTE,
            do: 'flood', part: asciiLine({ type: 'keepalive' }), ms: 50 }],
        expect: late },
        { name: 'stream: a line, and the time is up before a keepalive is due', slow: true,
            rules: [{ match: EXECUTE, do: 'stream', parts: [bytesOf([START])], open: true }],
            expect: late },
        { name: 'stream: a line, and then nothing for too long', slow: true,
            limits: { wall_ms: 17000 }, expect: { ...lost, stdout: 'ok\n' },
            rules: [{ match: EXECUTE, do: 'stream', parts: [bytesOf([START, out('ok\n')])],
                open: true }] },
        { name: 'stream: output without end', rules: [{ match: EXECUTE, do: 'flood',
            part: asciiLine(out('x'.repeat(4000))) }],
        expect: { outcome: 'failed', reason: 'output' } },
        { name: 'stream: one line without end', rules: [{ match: EXECUTE, do: 'flood',
            part: 'x'.repeat(65536) }], limits: { file_bytes: 65536, output_bytes: 65536 },
        expect: { outcome: 'failed', reason: 'output' } },
    ];
}

function fail() {
    throw new Error('it can not have succeeded');
}

function errors() {
    const failed = { outcome: 'failed', error_name: 'ValueError', error_value: 'v',
        service_fault: false };
    return [
        says('an error in the middle', [START, out('ok\n'), error('ValueError'), out('more\n'),
            END], { ...failed, stdout: 'ok\nmore\n' }),
        says('two errors: the first counts', [START, error('ValueError'), error('Other'), END],
            { ...failed, stderr: /Other/ }),
        ...['WebSocketError', 'UnexpectedEndOfExecution', 'ExecutionAborted'].map((name) =>
            says(`the service's own ${name}`, [START, own(name), END], lost)),
        says('the interpreter died', [START, own('ContextRestarting'), END],
            { outcome: 'failed', reason: 'ended_early' }),
        ...['WebSocketError', 'UnexpectedEndOfExecution', 'ExecutionAborted', 'ContextRestarting']
            .map((name) => ({ name: `stream: an exception that the author called ${name}`,
                service: { instant: false }, job: { code: `class ${name}(Exception):\n    pass\n`
                    + `raise ${name}('v')\n` }, expect: { ...failed, error_name: name,
                    reason: 'exception' } })),
        ...[['0', 0], ['3', 3], ['None', 0], ['256', 0], ['-1', 255], ['no', 1]].map(
            ([value, code]) => says(`sys.exit(${value})`, [START, error('SystemExit', value),
                END], { exit_code: code, outcome: code ? 'failed' : 'succeeded' })),
        says('an error without fields', [START, { type: 'error' }, END], { outcome: 'failed' }),
        says('an error of odd types', [START, { type: 'error', name: 7, value: [], traceback: {} },
            END], { outcome: 'failed' }),
        says('an error with control bytes', [START, error('E\u001b[31m\u0000', '\r\nHTTP/1.1'),
            END], { outcome: 'failed' }),
    ];
}

const note = /^countersign: /m;

function oddities() {
    const odd = [
        ['an unknown kind', { type: 'surprise', of: { the: ['day', null] } }],
        ['a kind that is a number', { type: 7 }],
        ['a line without kind', { text: 'x' }],
        ['an array', '[1,2]'], ['a number', '17'], ['no JSON', '{"type":'],
        ['a number beyond all', '{"type":"result","x":1e999}'],
        ['depth 100,000', '['.repeat(100000)],
        ['a picture that is no base64', result({ png: '###' })],
        ['10 MB of an unknown kind', { type: 'surprise', text: 'x'.repeat(10e6) }],
    ];
    // Nearly JSON: read as far as it goes.
    const near = [
        ['a lone surrogate', '{"type":"stdout","text":"\\ud800"}'],
        ['NaN', '{"type":"result","data":NaN}'],
        ['bytes that are no UTF-8', Buffer.from('{"type":"stdout","text":"\xff\xfe"}\n', 'latin1')],
        ['a NUL byte', Buffer.from('{"type":"stdout","text":"\0"}\n')],
    ];
    return [
        ...odd.map(([what, line]) => says(`${what} on the way`, [START, line, out('ok\n'), END],
            warned(note))),
        ...near.map(([what, line]) => says(`${what} on the way`, [START, line, out('ok\n'), END],
            { ...fine, stdout: /^\ufffd*ok\n$/ })),
        says('unknown kinds between all lines', RECORDED.flatMap((line) => [{ type: 'new' }, line]),
            { ...fine, stdout: 'one\n', stderr: note }),
        says('a NUL in the output', [START, out('a\u0000b\n'), END], fine),
        says('numbers beyond 64 bits', [START, result({ text: 'f', data: { n: [1e30, 2 ** 70] } }),
            END], fine, { executes: 2 }),
        says('no text', [START, { type: 'stdout' }, { type: 'stdout', text: null },
            { type: 'stdout', text: 5 }, out('ok\n'), END], { ...fine, stdout: 'ok\n' }),
        says('a field that is unknown', [{ ...START, more: [1] }, { ...out('ok\n'), colour: 'red' },
            END], { ...fine, stdout: 'ok\n' }),
        says('blank lines and carriage returns', [START, Buffer.from('\n\r\n'), out('ok\n'),
            Buffer.from(`${JSON.stringify(END)}\r\n`)], { ...fine, stdout: 'ok\n' }),
        says('a byte order mark', [Buffer.from('\ufeff'), START, out('ok\n'), END],
            { ...fine, stdout: 'ok\n' }),
        says('a picture with line feeds in its base64', [START, result({ text: '<Figure>',
            png: `${PNG.replace(/.{20}/g, '$&\n')}\n` }), END],
        { ...fine, check: (got) => got.items[0]?.kind === 'chart' || fail() }),
        says('an empty stream after a picture', [START, result({ png: '' }), END], fine),
    ];
}

function sizes() {
    const big = 'y'.repeat(10e6);
    const lines = asciiLine({ type: 'keepalive' });
    const many = Buffer.from(lines.repeat(1e6));
    const recorded = bytesOf([START, out('\u00e9\u20ac\ud83d\ude00\n'), END]);
    const raw = Buffer.from(`${JSON.stringify(START)}\n{"type":"stdout","text":"\u00e9\u20ac`
        + `\ud83d\ude00\\n"}\n${JSON.stringify(END)}\n`);
    const split = { match: EXECUTE, do: 'tiny', size: 1 };
    const expect = { ...fine, stdout: '\u00e9\u20ac\ud83d\ude00\n' };
    return [
        says('a line of 10 MB within the limit', [START, out(big), END],
            { ...fine, check: (got) => got.stdout.length === 10e6 || fail() },
            { limits: { output_bytes: 16e6 } }),
        says('a line of 10 MB beyond the limit', [START, out(big), END],
            { outcome: 'failed', reason: 'output' }),
        says('a result of 10 MB beyond the limit', [START, result({ png: 'A'.repeat(10e6) }), END],
            fine, { limits: { file_bytes: 65536 } }),
        says('an error of 10 MB', [START, error('E', big), END], { outcome: 'failed' }),
        says('a million lines', [START, many, out('ok\n'), END], { ...fine, stdout: 'ok\n' }),
        says('100,000 pieces of output', [START, ...Array(100000).fill(out('a\n')), END],
            { ...fine, check: (got) => got.stdout.length === 200000 || fail() },
            { limits: { output_bytes: 16e6 } }),
        { name: 'stream: one byte per packet', expect, rules: [{ ...split, do: 'stream',
            parts: [...recorded].map((byte) => Buffer.from([byte])) }] },
        { name: 'stream: UTF-8 split over packets', expect, rules: [{ ...split,
            do: 'stream', parts: [...raw].map((byte) => Buffer.from([byte])) }] },
        { name: 'stream: UTF-8 that stays incomplete over packets',
            expect: { ...fine, stdout: /^\ufffd+ok\n$/ },
            rules: [{ ...split, do: 'stream', parts: [bytesOf([START]), '{"type":',
                '"stdout","text":"', Buffer.from([0xe2]), Buffer.from([0x82]), '"}\n',
                bytesOf([out('ok\n'), END])] }] },
    ];
}

// The call is never answered; the worker is told to cancel while it waits.
const stop = (service) => () => service.worker.kill('SIGTERM');

// Otherwise it would wait for calls that nobody answers: 9 s.
const soon = (got) => got.create_ms < 6000 || fail();

function cancels() {
    const held = { do: 'stream', parts: [bytesOf([START, out('now\n')])], open: true };
    const cancelled = { outcome: 'cancelled', reason: 'cancelled', service_fault: false };
    return [
        { name: 'cancel: while the stream is open', job: { cancel_on_output: true },
            rules: [{ match: EXECUTE, ...held }], expect: { ...cancelled, stdout: 'now\n' } },
        { name: 'cancel: the answer comes afterwards', job: { cancel_on_output: true },
            rules: [{ match: EXECUTE, do: 'answer', answer: (reply) => {
                reply.open(200, {});
                reply.write(bytesOf([START, out('now\n')]));
                reply.call.onGone(() => reply.write(bytesOf([out('late\n'), END])));
            } }], expect: { ...cancelled, stdout: 'now\n' } },
        { name: 'cancel: before any answer', expect: cancelled,
            rules: (service) => [{ match: EXECUTE, do: 'answer', answer: stop(service) }] },
        { name: 'cancel: while the sandbox is made', executes: 0, creates: 0,
            expect: { outcome: 'not_created' }, rules: (service) => [{
                match: 'POST /v2/sandboxes', do: 'answer', answer: stop(service) }] },
        { name: 'cancel: while the sandbox is made, and it comes about', executes: 0,
            expect: { outcome: 'not_created' }, rules: (service) => [{ effect: true,
                match: 'POST /v2/sandboxes', do: 'answer', answer: stop(service) }] },
        ...[['looked for', { match: 'GET /v2/sandboxes', do: 'hang' }],
            ['removed', { match: 'DELETE /*', do: 'hang', times: Infinity }]].map(([what,
            hang]) => ({
            name: `cancel: while the sandbox is made, and it hangs when it is ${what}`,
            executes: 0, left: 1, expect: { outcome: 'not_created', check: soon },
            rules: (service) => [hang, { effect: true, match: 'POST /v2/sandboxes', do: 'answer',
                answer: stop(service) }] })),
        { name: 'cancel: while an earlier sandbox is looked for', executes: 0, creates: 0, asks: 0,
            expect: { outcome: 'not_created', check: soon }, job: { fence: 2 },
            rules: (service) => [{ match: 'GET /v2/sandboxes', do: 'answer',
                answer: stop(service) }] },
        { name: 'cancel: while an input is sent, and the sandbox can not be removed', left: 1,
            executes: 0, expect: { outcome: 'not_created', check: soon },
            job: { files: [{ name: 'in.csv', base64: 'YSxiCg==' }] },
            rules: (service) => [{ match: 'POST /files', do: 'answer', answer: stop(service) },
                { match: 'DELETE /*', do: 'hang', times: Infinity }] },
        { name: 'cancel: while an input is sent', executes: 0, expect: { outcome: 'not_created' },
            job: { files: [{ name: 'in.csv', base64: 'YSxiCg==' }] },
            rules: (service) => [{ match: 'POST /files', do: 'answer', answer: stop(service) }] },
    ];
}

/* Files that the run made, as envd tells and hands them out. */
function files() {
    const entry = (name, more = {}) => ({ name, type: 'FILE_TYPE_FILE', path: `/home/user/${name}`,
        size: '5', modifiedTime: '2026-11-20T00:00:00Z', ...more });
    const folder = (entries) => ({ match: 'POST /filesystem.Filesystem/ListDir', skip: 1,
        do: 'status', status: 200, body: { entries } });
    const get = (rule) => ({ match: 'GET /files', ...rule });
    const row = (name, entries, rule, expect) => ({ name: `files: ${name}`, expect,
        rules: [folder(entries), ...(rule ? [get(rule)] : [])] });
    const has = (count) => (got) =>
        got.items.filter((item) => item.kind === 'file').length === count || fail();
    const bytes = (body) => ({ do: 'status', status: 200, body });
    return [
        row('one', [entry('a.txt')], bytes('12345'), { ...fine, check: has(1) }),
        row('status 404', [entry('a.txt')], { do: 'status', status: 404 },
            { ...warned(note), check: has(0) }),
        row('status 500', [entry('a.txt')], { do: 'status', status: 500 },
            { ...warned(note), check: has(0) }),
        row('longer than it said', [entry('a.txt')], bytes(Buffer.alloc(32e6)),
            { ...warned(note), check: has(0) }),
        row('cut', [entry('a.txt')], { do: 'cut', at: 0 }, { ...warned(note), check: has(0) }),
        row('a gzip bomb', [entry('a.txt')], { do: 'gzip_bomb', mib: 256 }, fine),
        row('names that lead elsewhere', [entry('../../etc/passwd'), entry('a/b'), entry('..')],
            null, { ...fine, check: has(0) }),
        row('odd entries', [null, 7, {}, { name: 5 }, { name: 'x' }, entry('y', { size: 'many' })],
            null, fine),
        row('sizes below nought and huge', [entry('a', { size: '-5' }),
            entry('b', { size: '99999999999999999999' })], null, fine),
        row('a link', [entry('a', { symlinkTarget: '/etc/passwd' })], null, { ...fine,
            check: has(0) }),
        row('a name that deceives', [entry('a\u202egpj.exe')], bytes('12345'), { ...fine,
            check: has(0) }),
    ];
}

/* SQL: what came of it lies in a file of frames. */
function sql() {
    const job = { language: 'sql', code: 'select 1' };
    const row = (name, rule, expect, more = {}) => ({ name: `sql: ${name}`, job, expect,
        rules: [{ match: 'GET /files', ...rule }], ...more });
    return [
        row('no results', { do: 'status', status: 404 }, { outcome: 'failed' }),
        row('status 500', { do: 'status', status: 500 }, lost),
        row('connection reset', { do: 'reset', times: Infinity }, lost),
        row('results that are none', { do: 'garbage' }, { outcome: 'failed' }),
        row('empty results', { do: 'empty' }, { outcome: 'failed' }),
        row('half a frame', { do: 'status', status: 200, body: Buffer.from('I\0\0\0\x08\0\0') },
            { outcome: 'failed' }),
        row('a frame of 2^62 bytes', { do: 'status', status: 200, body: Buffer.from(
            'I\0\0\0\x08\x40\0\0\0\0\0\0\0\0\0\0\x05table', 'latin1') }, { outcome: 'failed' }),
        { name: 'sql: the program can not be uploaded', job, executes: 0, expect: { outcome:
            'not_created' }, rules: [{ match: 'POST /files', do: 'status', status: 500 }] },
        { name: 'sql: the query can not be uploaded', job, executes: 0, expect: { outcome:
            'not_started' },
        rules: [{ match: 'POST /files', do: 'status', status: 500, skip: 1 }] },
    ];
}

export const streamRows = (to) => [...statuses(to), ...endings(), ...errors(), ...oddities(),
    ...sizes(), ...cancels(), ...files(), ...sql(), ...cuts()];
