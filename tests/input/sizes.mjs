// Sizes at and around every limit (d.4). As with texts, what is taken is refused for another
// reason, known beforehand, so that no row changes anything.
import { routes } from './api.mjs';

const DIGEST = 'a'.repeat(64);
const BASE = { language: 'python', code: 'x', team_id: 999999 };
const DECIDE = { verdict: 'approve', revision: 1, bundle_sha256: DIGEST };
const SUBMIT = ['ana POST /api/requests', '400 invalid_field team_id'];
const REVISE = ['ana POST /api/requests/{pending}/revisions', '409 stale revision'];
const DECISION = ['rob POST /api/requests/{pending}/decisions', '409 stale bundle_sha256'];
const SETTLE = ['rob POST /api/requests/{pending}/settle', '409 wrong_state'];
const CANCEL = ['ana POST /api/requests/{cancelled}/cancel', '409 wrong_state'];
const PERSON = ['adm POST /api/people', '400 invalid_field team_ids'];
const TOKEN = ['ana POST /api/tokens', '403 wrong_role'];
const NEW = { login: 'new', name: 'New', roles: ['analyst'], team_ids: [999999] };
const FOREIGN = { name: 'x', scopes: ['read'], person_id: 1e15 };
const BODY_MOST = 1048576;
const text = (n) => 'x'.repeat(n);

// [request and its answer, field, least, most, base, value of that size]
const bounds = [
    [SUBMIT, 'title', 0, 200, BASE, text],
    [SUBMIT, 'question', 0, 10000, BASE, text],
    [SUBMIT, 'state', 0, 8192, BASE, text],
    [SUBMIT, 'code', 1, 262144, BASE, text],
    [SUBMIT, 'code', 1, 2000, BASE, (lines) => '1\n'.repeat(lines), 'lines'],
    [REVISE, 'title', 0, 200, { revision: 9, code: 'x' }, text],
    [REVISE, 'code', 1, 262144, { revision: 9 }, text],
    [DECISION, 'note', 0, 5000, DECIDE, text],
    [DECISION, 'acknowledged', 0, 2000, DECIDE, (n) => Array(n).fill('x'), 'items'],
    [DECISION, 'acknowledged', 0, 200, DECIDE, (n) => [text(n)], 'bytes of one'],
    [SETTLE, 'note', 1, 5000, { outcome: 'failed' }, text],
    [CANCEL, 'note', 0, 5000, {}, text],
    [PERSON, 'login', 1, 100, NEW, text],
    [PERSON, 'name', 1, 100, NEW, text],
    [PERSON, 'name', 1, 100, NEW, (n) => '\u{1f600}'.repeat(n), 'letters of four bytes'],
    [PERSON, 'team_ids', 1, 50, NEW, (n) => Array(n).fill(999999), 'items', 0],
    [TOKEN, 'name', 1, 100, FOREIGN, text],
    [['adm POST /api/pauses', '400 invalid_field scope'], 'reason', 0, 500, { scope: 'team:999' },
        text],
    [['adm POST /api/audit/retention', '400 invalid_field before'], 'reason', 1, 500,
        { before: '2020-01-01' }, text],
    [['nobody POST /api/login', '401 wrong_credentials'], 'login', 1, 100, { password: 'x' }, text],
    [['nobody POST /api/login', '401 wrong_credentials'], 'password', 0, 1024, { login: 'x' },
        text],
    [['nobody POST /api/login', '401 wrong_credentials'], 'link_token', 1, 128, {}, text],
    [['ana GET /api/requests', '200'], 'q', 0, 200, null, text],
];

const around = (least, most) => [...new Set([0, 1, least, most - 1, most, most + 1, 10 * most])]
    .sort((a, b) => a - b);

function sizeRow([[request, taken], field, least, most, base, make, unit = 'bytes'], size) {
    const fits = size >= least && size <= most;
    const expected = fits ? taken
        : size > BODY_MOST ? '413 too_large' : `400 invalid_field ${field}`;
    const name = `${request} ${field} of ${size} ${unit}`;
    if (base === null)
        return [name, `${request}?${field}=${make(size)}`, undefined,
                size > 16000 ? '414 library' : expected];
    return [name, request, { ...base, [field]: make(size) }, expected];
}

const texts = bounds.flatMap((bound) => around(bound[2], bound[3])
    .filter((size) => size > 0 || bound[7] !== 0).map((size) => sizeRow(bound, size)));

// [request and its answer, field, least, most, base, where the field is]
const numbers = [
    [SUBMIT, 'team_id', 1e6, Number.MAX_SAFE_INTEGER, BASE],
    [SUBMIT, 'limits.wall_ms', 100, 30000, BASE],
    [SUBMIT, 'limits.memory_bytes', 16777216, 1073741824, BASE],
    [SUBMIT, 'limits.pids', 4, 64, BASE],
    [SUBMIT, 'limits.output_bytes', 1024, 1048576, BASE],
    [SUBMIT, 'limits.files', 0, 8, BASE],
    [SUBMIT, 'limits.file_bytes', 1024, 8388608, BASE],
    [SUBMIT, 'limits.cpu_ms', 100, 120000, BASE],
    [SUBMIT, 'limits.tmp_bytes', 1048576, 67108864, BASE],
    [REVISE, 'revision', 2, 2147483647, { code: 'x' }],
    [DECISION, 'revision', 2, 2147483647, DECIDE, '409 stale revision'],
    [DECISION, 'dwell_ms', 0, 86400000, DECIDE],
    [DECISION, 'seen_bytes', 0, 1048576, DECIDE],
    [DECISION, 'undo_seconds', 0, 60, DECIDE],
    [TOKEN, 'days', 1, 3650, FOREIGN],
    [TOKEN, 'person_id', 1e6, Number.MAX_SAFE_INTEGER, FOREIGN],
];
const HUGE = ['-1', '2147483648', '4294967296', '9007199254740993', '9223372036854775807',
              '-9223372036854775808', '1e2', '1.0', '0.1', '1e308', '-0.0'];

// Written by hand: numbers beyond 2^53 must reach the api as they are.
function numberBody(base, field, value) {
    const [outer, inner] = field.split('.');
    const rest = JSON.stringify({ ...base, [outer]: undefined }).slice(1, -1);
    const own = inner ? `"${outer}":{"${inner}":${value}}` : `"${field}":${value}`;
    return Buffer.from(`{${[own, rest].filter(Boolean).join(',')}}`);
}

function numberRow([[request, taken], field, least, most, base, other], value) {
    const number = Number(value);
    const fits = /^-?\d+$/.test(value) && number >= least && number <= most
        && BigInt(value) <= BigInt(most);
    return [`${request} ${field} ${value}`, request, numberBody(base, field, value),
            fits ? other ?? taken : `400 invalid_field ${field}`];
}

const ints = numbers.flatMap((one) => [one[2], one[3], one[3] + 1, ...HUGE]
    .filter((value, i, all) => all.indexOf(value) === i)
    .map((value) => numberRow(one, String(value))));

// A body of exactly its limit is read, and one byte more is not.
const who = (path) => (/people|teams|pauses|budgets|audit|break-glass/.test(path) ? 'adm'
    : /decisions|undo|settle/.test(path) ? 'rob' : /login/.test(path) ? 'nobody' : 'ana');
const pad = (size) => `{"nope":1${' '.repeat(size - 10)}}`;
const bodies = routes.filter(({ body }) => body === 'json').flatMap(
    ({ method, path, body_limit: most = BODY_MOST }) => [0, 1].map((more) => [
        `${method} ${path} with ${most + more} bytes`,
        `${who(path)} ${method} ${path.replace('{id}', '{pending}')}`, pad(most + more),
        more ? '413 too_large' : '400 unknown_field nope']));

export const sizes = [...texts, ...ints, ...bodies];
