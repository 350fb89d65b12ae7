// Rows of the fault table of E2B: what its control plane and its envd may do to a worker.

const CREATE = 'POST /v2/sandboxes';
const SIZE = 'GET /sandboxes/*';
const LIST = 'GET /v2/sandboxes';
const LISTDIR = 'POST /filesystem.Filesystem/ListDir';
const UPLOAD = 'POST /files';
const DELETE = 'DELETE /*';
const ALWAYS = { times: Infinity };

const refused = (code, more = {}) => ({ outcome: 'not_created', code, ...more });
const fine = { outcome: 'succeeded', reason: '' };
const file = { files: [{ name: 'in.csv', base64: 'YSxiCg==' }] };

/** Each answer of `faults` at one call, with the same end. */
const each = (name, match, faults, expect, more = {}) => faults.map(([what, fault]) => ({
    name: `${name}: ${what}`, rules: [{ match, ...fault }], expect, ...more }));

// What no client can make sense of, whatever it asked for; `to`: the address of the trap.
export const senseless = (status, to) => [
    ['connection reset', { do: 'reset' }],
    ['connection closed', { do: 'close' }],
    ['status and length, then nothing', { do: 'cut', at: 0 }],
    ['HTML', { do: 'garbage' }],
    ['nothing at all', { do: 'empty' }],
    ['JSON cut in the middle', { do: 'status', status, body: '{"sandboxID":"i12' }],
    ['JSON of another kind', { do: 'status', status, body: '[null,17]' }],
    ['JSON with bytes that are no UTF-8', { do: 'status', status,
        body: Buffer.from('{"sandboxID":"i\xff\xfe"}', 'latin1') }],
    ['JSON nested 100,000 deep', { do: 'status', status, body: '['.repeat(100000) }],
    ['a length that is too long', { do: 'wrong_length', by: 10 }],
    ['a gzip bomb', { do: 'gzip_bomb', status, mib: 256 }],
    ['10 MB', { do: 'status', status, body: 'x'.repeat(10e6) }],
    ['a status line that is none', { do: 'raw', bytes: 'ICY 200 OK\r\n\r\n' }],
    ['a header line that is none', { do: 'raw', bytes: 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n' }],
    ['a header of 1 MB', { do: 'raw',
        bytes: `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(1e6)}\r\n\r\n` }],
    ['a million headers', { do: 'raw', bytes: `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(1e6)}` }],
    ['a chunk without length', { do: 'raw',
        bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n' }],
    ['another answer inside its header', { do: 'raw', bytes: 'HTTP/1.1 302 Found\r\nLocation: '
        + `${to}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\nHTTP/1.1 201 Created\r\n`
        + 'Content-Length: 2\r\n\r\n{}' }],
    ...[301, 302, 303, 307, 308].map((code) => [`redirect ${code} to loopback`,
        { do: 'redirect', status: code, to }]),
    ['redirect to a file', { do: 'redirect', to: 'file:///etc/passwd' }],
];

export const slowly = [
    ['accepts, then hangs', { do: 'hang' }],
    ['one byte each 10 s', { do: 'slow', ms: 10000 }],
];

const statuses = (list, more = {}) => list.map((status) => [`status ${status}`,
    { do: 'status', status, body: { code: status, message: 'x' }, ...more }]);

/** 429 in each form; `retry`: what a worker learns of the time, in ms. */
const throttled = [
    ['seconds', { 'retry-after': '7' }, (ms) => ms === 7000],
    ['a date', { 'retry-after': new Date(Date.now() + 3600e3).toUTCString() }, (ms) => ms > 0],
    ['an absurd time', { 'retry-after': '99999999999999999999' }, (ms) => ms <= 86400e3],
    ['a time below nought', { 'retry-after': '-5' }, (ms) => ms <= 0],
    ['no number', { 'retry-after': 'soon' }, (ms) => ms === -1],
    ['none', {}, (ms) => ms === -1],
];

/** Any call before the start: the job waits for as long as the service says. */
const busy = { do: 'status', status: 429, headers: { 'retry-after': '7' }, times: Infinity };
const waits = { retry: (ms) => ms === 7000 };

function leftAlone() {
    const left = (service) => service.leave({ attempt: '77', fence: '1' });
    const row = (what, match, more = {}) => ({ name: `429 to ${what}`, rules: [{ match, ...busy }],
        expect: refused('throttled', waits), executes: 0, ...more });
    const sql = { language: 'sql', code: 'select 1' };
    return [
        row('the look-up before a second create', LIST, { job: { fence: 2 }, creates: 0 }),
        row('the removal of what was left', DELETE, { job: { fence: 2 }, left: 1, before: left }),
        row('an upload', UPLOAD, { job: file }),
        row('the folder before', LISTDIR),
        row('the upload of a query', UPLOAD, { job: sql, rules: [{ match: UPLOAD, ...busy,
            skip: 1 }], expect: { outcome: 'not_started', ...waits, service_fault: false } }),
    ];
}

function creating(to) {
    return [
        ...each('create', CREATE, statuses([500, 502, 503, 504]), refused('unavailable'),
            { creates: 0 }),
        ...each('create, which had its effect', CREATE, statuses([500, 502, 503, 504],
            { effect: true }), refused('unavailable')),
        ...each('create', CREATE, statuses([401, 403]), refused('forbidden'), { creates: 0 }),
        ...each('create', CREATE, statuses([400, 409, 422]), {
            outcome: 'not_created' }, { creates: 0 }),
        ...each('create', CREATE, senseless(201, to), refused('unavailable')),
        ...each('create, which had its effect', CREATE, senseless(201, to).map(([what, fault]) =>
            [what, { effect: true, ...fault }]), refused('unavailable')),
        ...each('create', CREATE, slowly, refused('unavailable'), { slow: true }),
        ...each('create, which had its effect', CREATE, slowly.map(([what, fault]) => [what,
            { effect: true, ...fault }]), refused('unavailable'), { slow: true }),
        ...throttled.map(([what, headers, retry]) => ({ name: `create: 429 with ${what}`,
            rules: [{ match: CREATE, do: 'status', status: 429, headers }], creates: 0,
            expect: refused('throttled', { retry }) })),
        { name: 'create: 429 of the rate limit', service: { rate: { limit: 0, seconds: 30 } },
            creates: 0, expect: refused('throttled', { retry: (ms) => ms > 0 && ms <= 30000 }) },
        { name: 'create: 429 of too many sandboxes', service: { concurrent: 0 }, creates: 0,
            expect: refused('throttled', { retry: (ms) => ms === -1 }) },
        { name: 'create: an unknown template', job: { image: 'nowhere' }, creates: 0, asks: 2,
            expect: refused('bad_request') },
        { name: 'create: a key that is refused', creates: 0, env: { E2B_API_KEY: 'e2b_bad0' },
            expect: refused('forbidden') },
        { name: 'create: a message that holds the key', creates: 0, expect: refused('forbidden'),
            rules: [{ match: CREATE, do: 'function', edit: (lines, reply) => [Buffer.from(
                JSON.stringify({ message: `no: ${reply.call.headers['x-api-key']}` }))] }],
            env: { E2B_API_KEY: 'e2b_5ec4e7' } },
        { name: 'create: an older server', service: { v2: false }, asks: 2, expect: fine },
        { name: 'create: an older server that fails', service: { v2: false }, creates: 0, asks: 2,
            rules: [{ match: 'POST /sandboxes', do: 'status', status: 500 }],
            expect: refused('unavailable') },
        { name: 'create: an id that leads elsewhere', creates: 1, left: 0, rules: [{ match: CREATE,
            do: 'function', edit: (lines) => [Buffer.from(lines.join('')
                .replace(/"sandboxID":"[^"]*"/, '"sandboxID":"../../x?y="'))] }],
        expect: refused('unavailable') },
        { name: 'create: a domain of its own choice, with a path', creates: 1, rules: [{
            match: CREATE, do: 'function', edit: (lines) => [Buffer.from(lines.join('')
                .replace('"domain":null', `"domain":"${to.slice(7)}/x?"`))] }],
        expect: refused('unavailable') },
    ];
}

/* An earlier claim may have left a sandbox: none is made before that one is proved absent. */
function lookingUp(to) {
    const again = { job: { fence: 2 }, creates: 0 };
    const none = refused('unavailable');
    return [
        ...each('look-up before a second create', LIST, statuses([500, 503]), none, again),
        ...each('look-up before a second create', LIST, statuses([401]), refused('forbidden'),
            again),
        ...each('look-up before a second create', LIST, senseless(200, to).filter(([what]) =>
            what !== 'JSON of another kind'), none, again),
        ...each('look-up before a second create', LIST, slowly, none, { ...again, slow: true }),
        { ...again, name: 'look-up before a second create: pages without end', expect: none,
            rules: [{ match: LIST, ...ALWAYS, do: 'answer', answer: (reply) =>
                reply.json(200, [], { 'x-next-token': `t${Math.random()}` }) }] },
        { job: { fence: 2 }, name: 'look-up before a second create: the same page for ever',
            expect: fine, rules: [{ match: LIST, ...ALWAYS, do: 'answer', answer: (reply) =>
                reply.json(200, [], { 'x-next-token': 'same' }) }] },
        { name: 'look-up finds what was left, and removes it', job: { fence: 2 }, creates: 2,
            before: (service) => service.leave({ attempt: '77', fence: '1' }), expect: fine },
        { name: 'look-up finds what can not be removed', job: { fence: 2 }, creates: 1, left: 1,
            before: (service) => service.leave({ attempt: '77', fence: '1' }), expect: none,
            rules: [{ match: DELETE, ...ALWAYS, do: 'status', status: 500 }] },
        { name: 'look-up answers with what was not asked for', job: { fence: 2 }, creates: 2,
            left: 1, before: (service) => service.leave({ attempt: '78', fence: '1' }),
            expect: fine, rules: (service) => [{ match: LIST, do: 'answer', answer: (reply) =>
                reply.json(200, service.listAll()) }] },
    ];
}

function loading(to) {
    const gone = { outcome: 'not_created' };
    const up = { job: file, executes: 0 };
    return [
        ...each('size', SIZE, statuses([401, 404, 429, 500]), fine),
        ...each('size', SIZE, senseless(200, to), fine),
        ...each('size', SIZE, slowly, fine, { slow: true }),
        ...each('size', SIZE, [['below nought', { cpuCount: -2, memoryMB: -512, diskSizeMB: -1 }],
            ['huge', { cpuCount: 1e300, memoryMB: 2 ** 53, diskSizeMB: 2 ** 53 }],
            ['in words', { cpuCount: 'two', memoryMB: '512', diskSizeMB: null }],
            ['missing', {}], ['nought', { cpuCount: 0, memoryMB: 0, diskSizeMB: 0 }]].map(
            ([what, body]) => [what, { do: 'status', status: 200, body }]), { ...fine,
            check: ({ usage }) => {
                const sane = usage.cpu >= 0 && usage.cpu < 10000 && usage.memory_mib >= 0
                    && usage.memory_mib < 2 ** 31 && usage.disk_gib >= 0 && usage.ms >= 0;
                if (!sane) throw new Error(`it believes ${JSON.stringify(usage)}`);
            } }),
        ...each('upload', UPLOAD, statuses([400, 401, 403, 404, 500, 502, 503, 507]), gone, up),
        ...each('upload', UPLOAD, senseless(200, to), gone, up),
        ...each('upload', UPLOAD, [slowly[0]], gone, { ...up, slow: true }),
        ...each('folder before', LISTDIR, statuses([400, 401, 404, 500, 502]), gone,
            { executes: 0 }),
        ...each('folder before', LISTDIR, senseless(200, to).filter(([what]) => !/length that/
            .test(what)), gone, { executes: 0 }),
        ...each('folder before', LISTDIR, slowly, gone, { executes: 0, slow: true }),
        ...each('folder after', LISTDIR, [...statuses([400, 500]), ...senseless(200, to)]
            .map(([what, fault]) => [what, { skip: 1, ...fault }]), fine),
        ...each('folder after', LISTDIR, slowly.map(([what, fault]) => [what, { skip: 1,
            ...fault }]), fine, { slow: true }),
    ];
}

function deleting(to) {
    return [
        ...each('delete, once', DELETE, [...statuses([409, 429, 500, 502, 503, 504]),
            ...senseless(204, to).filter(([what]) => /conn|redirect 3|status line/.test(what))],
        fine),
        ...each('delete, once', DELETE, slowly.slice(0, 1), fine, { slow: true }),
        ...each('delete, which had its effect', DELETE, statuses([500, 504], { effect: true }),
            fine),
        ...each('delete, always', DELETE, statuses([401, 500]).map(([what, fault]) => [what,
            { ...ALWAYS, ...fault }]), fine, { left: 1 }),
        { name: 'delete: it is gone already', expect: fine,
            rules: [{ match: DELETE, do: 'status', status: 404, effect: true }] },
    ];
}

export const controlRows = (to) => [...creating(to), ...leftAlone(), ...lookingUp(to),
    ...loading(to), ...deleting(to)];
