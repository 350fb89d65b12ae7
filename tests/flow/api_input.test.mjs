// Bad bodies and bad fields: each row has its exact status, code and field, and changes nothing.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { startStack } from './stack.mjs';
import { censusOf } from './raw.mjs';

const CODE = 'print(1)';
const BASE = { language: 'python', code: CODE };
const DIGEST = 'a'.repeat(64);

let stack;
let who;
let request;
let census;

before(async () => {
    stack = await startStack({ workers: 0 });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    who = { ana: await stack.signIn('ana'), rob: await stack.signIn('rob'),
            adm: await stack.signIn('adm') };
    request = (await who.ana.post('/api/requests', BASE)).body;
    census = await censusOf(stack);
});
after(() => stack?.stop());

const deep = (n) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`;
const keys = (n) => JSON.stringify(Object.fromEntries(Array.from({ length: n },
                                                                 (_, i) => [`k${i}`, 1])));

// [what, body as bytes, status, code]
const bodies = [
    ['empty', '', 400, 'invalid_json'],
    ['not JSON', 'hello', 400, 'invalid_json'],
    ['a list at the top', '[]', 400, 'invalid_json'],
    ['a number at the top', '1', 400, 'invalid_json'],
    ['null at the top', 'null', 400, 'invalid_json'],
    ['a text at the top', '"x"', 400, 'invalid_json'],
    ['byte order mark', '\ufeff{}', 400, 'invalid_json'],
    ['a comment', '{/* x */}', 400, 'invalid_json'],
    ['a trailing comma', '{"code":"x",}', 400, 'invalid_json'],
    ['single quotes', "{'code':'x'}", 400, 'invalid_json'],
    ['NaN', '{"code":NaN}', 400, 'invalid_json'],
    ['Infinity', '{"code":-Infinity}', 400, 'invalid_json'],
    ['1e999', '{"code":1e999}', 400, 'invalid_json'],
    ['2^63', '{"team_id":9223372036854775808}', 400, 'invalid_json'],
    ['a leading zero', '{"team_id":01}', 400, 'invalid_json'],
    ['two values', '{}{}', 400, 'invalid_json'],
    ['cut off', '{"code":"x"', 400, 'invalid_json'],
    ['duplicate keys', '{"code":"a","code":"b"}', 400, 'invalid_json'],
    ['\\u0000', '{"code":"a\\u0000b"}', 400, 'invalid_json'],
    ['a raw NUL', '{"code":"a\0b"}', 400, 'invalid_json'],
    ['a raw line end in a text', '{"code":"a\nb"}', 400, 'invalid_json'],
    ['a lone surrogate', '{"code":"\\ud800"}', 400, 'invalid_json'],
    ['bad UTF-8', Buffer.from('{"code":"\xff"}', 'latin1'), 400, 'invalid_json'],
    ['overlong UTF-8', Buffer.from('{"code":"\xc0\xaf"}', 'latin1'), 400, 'invalid_json'],
    ['a surrogate in UTF-8', Buffer.from('{"code":"\xed\xa0\x80"}', 'latin1'), 400, 'invalid_json'],
    ['depth 33', deep(33), 400, 'invalid_json'],
    ['depth 10,000', deep(10000), 400, 'invalid_json'],
    ['brackets without end', '['.repeat(10000), 400, 'invalid_json'],
    ['depth 32', deep(32), 400, 'unknown_field'],
    ['100,000 keys', keys(60000), 400, 'unknown_field'],
    ['an empty key', '{"":1}', 400, 'unknown_field'],
    ['a key of JavaScript', '{"__proto__":{}}', 400, 'unknown_field'],
    ['an empty object', '{}', 400, 'missing_field'],
    ['a text of 2 MB', `{"code":"${'a'.repeat(2000000)}"}`, 413, 'too_large'],
];

for (const [what, body, status, code] of bodies)
    test(`body: ${what}: ${status} ${code}`, async () => {
        const answer = await who.ana.send('POST', '/api/requests', {
            body, headers: { 'content-type': 'application/json' },
        });
        assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.text);
    });

// [what, fields over a good submission, status, code, field]
const wrong = (field, ...values) => values.map((value) => (
    [`${field} ${JSON.stringify(value)?.slice(0, 30)}`, { [field]: value }, 400, 'invalid_field',
     field]));
const limit = (name, ...values) => values.map((value) => (
    [`limits.${name} ${value}`, { limits: { [name]: value } }, 400, 'invalid_field',
     `limits.${name}`]));
const ugly = (field, ...values) => values.map((value) => (
    [`${field} ${JSON.stringify(value).slice(0, 30)}`, { [field]: value }, 422, 'not_acceptable',
     field]));
const submissions = [
    ['no language', { language: undefined }, 400, 'missing_field', 'language'],
    ['no code', { code: undefined }, 400, 'missing_field', 'code'],
    ['an unknown field', { nope: 1 }, 400, 'unknown_field', 'nope'],
    ['the author', { author_id: 1 }, 400, 'unknown_field', 'author_id'],
    ['a reviewer', { reviewer_id: 1 }, 400, 'unknown_field', 'reviewer_id'],
    ['an approval', { approved: true }, 400, 'unknown_field', 'approved'],
    ['a backend', { backend: 'none' }, 400, 'unknown_field', 'backend'],
    ...wrong('language', '', 'Python', 'bash', 'python ', null, 1, [], {}, 'x'.repeat(17)),
    ...wrong('code', '', ' \n\t', null, 1, [], {}, true, 'a'.repeat(262145), '1\n'.repeat(2001)),
    ...wrong('title', null, 1, [], 'x'.repeat(201)),
    ...wrong('question', null, {}, 'x'.repeat(10001)),
    ...wrong('state', null, 5, 'x'.repeat(8193)),
    ...wrong('retry_safe', null, 1, 'true', []),
    ...wrong('team_id', null, 0, -1, 1.5, '1', 2 ** 53, 2 ** 31, 1e15),
    ...wrong('files', null, {}, 'x', 1, Array.from({ length: 17 }, () => ({ id: 1 }))),
    ...wrong('limits', null, [], 'x', 1),
    ...wrong('sandbox', null, 1, [], {}, true, '', 'moon', 'LOCAL', 'local ', 'x'.repeat(17)),
    ['a sandbox whose key is not set', { sandbox: 'e2b' }, 400, 'invalid_field', 'sandbox'],
    ...wrong('when_unavailable', null, 1, false, [], '', 'later', 'FAIL', 'x'.repeat(17)),
    ['an image', { image: 'other' }, 400, 'unknown_field', 'image'],
    ['a file that is a number', { files: [1] }, 400, 'invalid_field', 'files.0'],
    ['a file without id', { files: [{}] }, 400, 'missing_field', 'files.0.id'],
    ['a file with more', { files: [{ id: 1, name: 'x' }] }, 400, 'unknown_field', 'files.0.name'],
    ['a file id as text', { files: [{ id: '1' }] }, 400, 'invalid_field', 'files.0.id'],
    ['file id 0', { files: [{ id: 0 }] }, 400, 'invalid_field', 'files.0.id'],
    ['an unknown file', { files: [{ id: 999999 }] }, 400, 'invalid_field', 'files.0.id'],
    ['an unknown limit', { limits: { gpus: 1 } }, 400, 'unknown_field', 'limits.gpus'],
    ...limit('wall_ms', 0, -1, 99, 30001, 2 ** 31, 2 ** 53, 1.5, '100', null),
    ...limit('memory_bytes', 0, -1, 1073741825, 2 ** 60, '1'),
    ...limit('pids', 0, 3, 65, -1, 1e9),
    ...limit('output_bytes', 0, -1, 1048577, 'x'),
    ...limit('files', -1, 9, 0.5),
    ...limit('file_bytes', 0, 8388609, true),
    ...ugly('code', 'a\r\nb', 'a\rb', '# x\rimport os', 'a\vb', 'a\fb', 'a\u0085b', 'a\u2028b',
            'a\u2029b', '\ufeffa', 'a\u202eb', 'a\u2066b', 'a\u200bb', 'a\u200db', 'a\u2060b',
            'a\u00adb', 'a\u{e0061}b', 'a\ufe0fb', 'a\u{e0100}b', 'a\u061cb', 'a\x1bb', 'a\x7fb',
            'a\x01b', 'a\ue000b', 'a\uffffb', 'a\u3164b', '# coding: latin-1\nx',
            '#!/x\n# -*- coding: unicode_escape -*-\nx', '# coding=utf-7\nx'),
    ...ugly('title', 'a\nb', 'a\tb', 'a\rb', 'a\u202eb', 'a\x1b[31m', 'a\u{e0061}'),
    ...ugly('question', 'a\r\nb', 'a\u202eb', 'a\x07b', 'a\u2028b'),
    ...ugly('state', 'a\x00b'.replace('\x00', '\x02'), 'a\u2066b'),
];

for (const [what, fields, status, code, field] of submissions)
    test(`submit: ${what}: ${status} ${code}`, async () => {
        const answer = await who.ana.post('/api/requests', { ...BASE, ...fields });
        const { error } = answer.body;
        assert.deepEqual([answer.status, error?.code, error?.field], [status, code, field],
                         answer.text);
        if (status === 422 && field === 'code')
            assert.match(error.message, /^line \d+, column \d+: /);
    });

// [who, path, body, status, code, field]; {id} is a request that waits
const at = (path) => `/api/requests/{id}/${path}`;
const DECIDE = { verdict: 'approve', revision: 1, bundle_sha256: DIGEST };
const decide = (fields, ...rest) => ['rob', at('decisions'), { ...DECIDE, ...fields }, ...rest];
const others = [
    decide({ verdict: 'maybe' }, 400, 'invalid_field', 'verdict'),
    decide({ verdict: 'APPROVE' }, 400, 'invalid_field', 'verdict'),
    decide({ verdict: undefined }, 400, 'missing_field', 'verdict'),
    decide({ verdict: true }, 400, 'invalid_field', 'verdict'),
    decide({ revision: undefined }, 400, 'missing_field', 'revision'),
    decide({ revision: 0 }, 400, 'invalid_field', 'revision'),
    decide({ revision: '1' }, 400, 'invalid_field', 'revision'),
    decide({ revision: 2 ** 31 }, 400, 'invalid_field', 'revision'),
    decide({ revision: 2 }, 409, 'stale', 'revision'),
    decide({ bundle_sha256: undefined }, 400, 'missing_field', 'bundle_sha256'),
    decide({ bundle_sha256: 'abc' }, 400, 'invalid_field', 'bundle_sha256'),
    decide({ bundle_sha256: 'A'.repeat(64) }, 400, 'invalid_field', 'bundle_sha256'),
    decide({ bundle_sha256: 'g'.repeat(64) }, 400, 'invalid_field', 'bundle_sha256'),
    decide({ bundle_sha256: 'a'.repeat(65) }, 400, 'invalid_field', 'bundle_sha256'),
    decide({}, 409, 'stale', 'bundle_sha256'),
    decide({ note: 'x'.repeat(5001) }, 400, 'invalid_field', 'note'),
    decide({ note: 'a\u202eb' }, 422, 'not_acceptable', 'note'),
    decide({ note: 1 }, 400, 'invalid_field', 'note'),
    decide({ acknowledged: true }, 400, 'invalid_field', 'acknowledged'),
    decide({ acknowledged: [1] }, 400, 'invalid_field', 'acknowledged'),
    decide({ acknowledged: ['x'.repeat(201)] }, 400, 'invalid_field', 'acknowledged'),
    decide({ dwell_ms: -1 }, 400, 'invalid_field', 'dwell_ms'),
    decide({ dwell_ms: 1.5 }, 400, 'invalid_field', 'dwell_ms'),
    decide({ undo_seconds: 61 }, 400, 'invalid_field', 'undo_seconds'),
    decide({ undo_seconds: -1 }, 400, 'invalid_field', 'undo_seconds'),
    decide({ reviewer_id: 1 }, 400, 'unknown_field', 'reviewer_id'),
    ['ana', at('revisions'), { code: 'x' }, 400, 'missing_field', 'revision'],
    ['ana', at('revisions'), { revision: 1 }, 400, 'missing_field', 'code'],
    ['ana', at('revisions'), { revision: 1, code: 'a\rb' }, 422, 'not_acceptable', 'code'],
    ['ana', at('revisions'), { revision: 9, code: 'x' }, 409, 'stale', 'revision'],
    ['ana', at('revisions'), { revision: 1, code: 'x', id: 1 }, 400, 'unknown_field', 'id'],
    ['ana', at('revisions'), { revision: 1, code: 'x', language: 'r' }, 400, 'invalid_field',
        'language'],
    ['ana', at('revisions'), { revision: 1, code: 'x', sandbox: 'local' }, 400, 'unknown_field',
        'sandbox'],
    ['ana', at('run-again'), { sandbox: 'local' }, 400, 'unknown_field', 'sandbox'],
    ['rob', at('undo'), {}, 403, 'wrong_role', undefined],
    ['adm', at('undo'), {}, 409, 'wrong_state', undefined],
    ['rob', at('undo'), { x: 1 }, 400, 'unknown_field', 'x'],
    ['rob', at('settle'), { outcome: 'succeeded', note: 'x' }, 409, 'wrong_state', undefined],
    ['rob', at('settle'), { outcome: 'maybe', note: 'x' }, 400, 'invalid_field', 'outcome'],
    ['rob', at('settle'), { outcome: 'failed' }, 400, 'missing_field', 'note'],
    ['rob', at('settle'), { outcome: 'failed', note: '' }, 400, 'invalid_field', 'note'],
    ['ana', at('cancel'), { note: 1 }, 400, 'invalid_field', 'note'],
    ['ana', at('cancel'), { why: 'x' }, 400, 'unknown_field', 'why'],
    ['ana', at('run-again'), {}, 409, 'wrong_state', undefined],
    ['ana', '/api/requests:batch', {}, 400, 'missing_field', 'requests'],
    ['ana', '/api/requests:batch', { requests: [] }, 400, 'invalid_field', 'requests'],
    ['ana', '/api/requests:batch', { requests: Array(51).fill(BASE) }, 400, 'invalid_field',
        'requests'],
    ['ana', '/api/requests:batch', { requests: BASE }, 400, 'invalid_field', 'requests'],
    ['ana', '/api/login', {}, 400, 'missing_field', 'login'],
    ['ana', '/api/login', { login: 'x' }, 400, 'missing_field', 'password'],
    ['ana', '/api/login', { login: 1, password: 'x' }, 400, 'invalid_field', 'login'],
    ['ana', '/api/login', { login: 'x'.repeat(101), password: 'x' }, 400, 'invalid_field', 'login'],
    ['ana', '/api/login', { login: 'x', password: 'x'.repeat(1025) }, 400, 'invalid_field',
        'password'],
    ['ana', '/api/login', { login: 'x', password: null }, 400, 'invalid_field', 'password'],
    ['ana', '/api/login', { link_token: '' }, 400, 'invalid_field', 'link_token'],
    ['ana', '/api/login', { link_token: 'x', login: 'ana' }, 400, 'invalid_field', 'link_token'],
    ['ana', '/api/login', { link_token: 'x'.repeat(129) }, 400, 'invalid_field', 'link_token'],
    ['ana', '/api/logout', { all: true }, 400, 'unknown_field', 'all'],
    ['ana', '/api/tokens', { scopes: ['read'] }, 400, 'missing_field', 'name'],
    ['ana', '/api/tokens', { name: 'x' }, 400, 'missing_field', 'scopes'],
    ['ana', '/api/tokens', { name: 'x', scopes: [] }, 400, 'invalid_field', 'scopes'],
    ['ana', '/api/tokens', { name: 'x', scopes: ['root'] }, 400, 'invalid_field', 'scopes'],
    ['ana', '/api/tokens', { name: 'x', scopes: [1] }, 400, 'invalid_field', 'scopes'],
    ['ana', '/api/tokens', { name: 'x', scopes: ['read'], days: 0 }, 400, 'invalid_field', 'days'],
    ['ana', '/api/tokens', { name: 'a\nb', scopes: ['read'] }, 422, 'not_acceptable', 'name'],
    ['adm', '/api/teams', {}, 400, 'missing_field', 'name'],
    ['adm', '/api/teams', { name: '' }, 400, 'invalid_field', 'name'],
    ['adm', '/api/teams', { name: 'data' }, 409, 'conflict', 'name'],
    ['adm', '/api/teams', { name: 'DATA' }, 409, 'conflict', 'name'],
    ['adm', '/api/teams', { name: 'x'.repeat(101) }, 400, 'invalid_field', 'name'],
    ['adm', '/api/teams', { name: 'a\u202eb' }, 422, 'not_acceptable', 'name'],
    ['adm', '/api/pauses', {}, 400, 'missing_field', 'scope'],
    ...['', 'ALL', 'team:', 'team:x', 'team:0', 'team:999', 'team:01', 'team:1 ', 'backend:',
        'backend:moon', 'backend:E2B', 'all,team:1', 'x'.repeat(65), null, 1, [], {}, true].map(
        (scope) => ['adm', '/api/pauses', { scope }, 400, 'invalid_field', 'scope']),
    ['adm', '/api/pauses', { scope: 'a\u202ell' }, 422, 'not_acceptable', 'scope'],
    ...['x'.repeat(501), null, 1, []].map(
        (reason) => ['adm', '/api/pauses', { scope: 'all', reason }, 400, 'invalid_field',
            'reason']),
    ['adm', '/api/pauses', { scope: 'all', reason: 'a\nb' }, 422, 'not_acceptable', 'reason'],
    ['adm', '/api/pauses', { scope: 'all', at: 'now' }, 400, 'unknown_field', 'at'],
    ['adm', '/api/pauses', { scope: 'all', by: 1 }, 400, 'unknown_field', 'by'],
    ['adm', '/api/people', { name: 'x', roles: ['analyst'] }, 400, 'missing_field', 'login'],
    ['adm', '/api/people', { login: 'ana', name: 'x', roles: ['analyst'] }, 409, 'conflict',
        'login'],
    ['adm', '/api/people', { login: 'ANA', name: 'x', roles: ['analyst'] }, 409, 'conflict',
        'login'],
    ['adm', '/api/people', { login: 'a b', name: 'x', roles: ['analyst'] }, 400, 'invalid_field',
        'login'],
    ['adm', '/api/people', { login: '\u00e4na', name: 'x', roles: ['analyst'] }, 400,
        'invalid_field', 'login'],
    ['adm', '/api/people', { login: '\uff41na', name: 'x', roles: ['analyst'] }, 400,
        'invalid_field', 'login'],
    ['adm', '/api/people', { login: 'new', name: 'x', roles: ['root'] }, 400, 'invalid_field',
        'roles'],
    ['adm', '/api/people', { login: 'new', name: 'x', roles: [] }, 400, 'invalid_field', 'roles'],
    ['adm', '/api/people', { login: 'new', name: 'x', roles: ['agent'] }, 400, 'invalid_field',
        'roles'],
    ['adm', '/api/people', { login: 'new', name: 'x', roles: ['analyst'], team_ids: [999] }, 400,
        'invalid_field', 'team_ids'],
    ['adm', '/api/people', { login: 'new', name: 'x', roles: ['analyst'], team_ids: ['1'] }, 400,
        'invalid_field', 'team_ids'],
];

for (const [name, path, body, status, code, field] of others)
    test(`${path} ${JSON.stringify(body).slice(0, 60)}: ${status} ${code}`, async () => {
        const answer = await who[name].post(path.replace('{id}', request.id), body);
        const { error } = answer.body;
        assert.deepEqual([answer.status, error?.code, error?.field ?? undefined],
                         [status, code, field], answer.text);
    });

// [path, status, code, field]
const reads = [
    ...['view=', 'view=x', 'view=ALL'].map((q) => [`/api/requests?${q}`, 'view']),
    ...['state=x', 'state=pending,x', 'state=Pending'].map((q) => [`/api/requests?${q}`, 'state']),
    ...['limit=0', 'limit=101', 'limit=-1', 'limit=x', 'limit=1.5', 'limit='].map(
        (q) => [`/api/requests?${q}`, 'limit']),
    ...['cursor=0', 'cursor=-1', 'cursor=x', 'cursor=99999999999999999999'].map(
        (q) => [`/api/requests?${q}`, 'cursor']),
    [`/api/requests?q=${'x'.repeat(201)}`, 'q'],
    ...['wait=-1', 'wait=301', 'wait=x', 'wait=1.5'].map(
        (q) => [`/api/requests/{id}?${q}`, 'wait']),
    ['/api/requests/{id}?until=later', 'until'],
    ['/api/requests/{id}/results/1?format=xml', 'format'],
    ['/api/requests/{id}/results/1?attempt=0', 'attempt'],
    ['/api/audit?request_id=x', 'request_id'],
];

for (const [path, field] of reads)
    test(`GET ${path.slice(0, 60)}: 400`, async () => {
        const answer = await who.rob.get(path.replace('{id}', request.id));
        assert.deepEqual([answer.status, answer.body.error.code, answer.body.error.field],
                         [400, 'invalid_field', field], answer.text);
    });

test('what looks dangerous in words is only words', async () => {
    for (const text of ['<script>alert(1)</script>', '"><svg onload=alert(1)>', '{{7*7}}', '%n%s',
                        "'; drop table cs.request; --", '$(reboot)', '=1+1',
                        '\u05e9\u05dc\u05d5\u05dd',
                        '\u{1f469}\u200d\u{1f4bb} \u2764\ufe0f', 'e\u0301'.repeat(50)]) {
        const list = await who.rob.get(`/api/requests?q=${encodeURIComponent(text)}`);
        assert.equal(list.status, 200, list.text);
        assert.deepEqual(list.body.requests, []);
    }
});

test('nothing of all this changed anything', async () => {
    assert.deepEqual(await censusOf(stack), census);
    assert.equal((await who.ana.get(`/api/requests/${request.id}`)).body.state, 'pending');
});

test('a batch answers each element by itself', async () => {
    const answer = await who.ana.post('/api/requests:batch', {
        requests: [{ ...BASE, title: 'one' }, { ...BASE, code: 'a\rb' }, 7,
                   { ...BASE, language: 'x' }, { ...BASE, title: 'two' }],
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body.results.map((row) => [row.status, row.body.error?.field]),
        [[201, undefined], [422, 'requests.1.code'], [400, 'requests.2'],
         [400, 'requests.3.language'], [201, undefined]]);
});

test('somebody with too much waiting has to wait', async () => {
    const old = (await who.ana.post('/api/requests', BASE)).body;
    await who.ana.post(`/api/requests/${old.id}/cancel`);
    await stack.restart('api', { MAX_WAITING_PER_PERSON: '5' });
    const answers = [];
    for (let i = 0; i < 6; i++) answers.push(await who.ana.post('/api/requests', BASE));
    const last = answers.at(-1);
    assert.deepEqual([last.status, last.body.error?.code], [429, 'throttled'], last.text);
    assert.ok(Number(last.headers.get('retry-after')) > 0);
    const again = await who.ana.post(`/api/requests/${old.id}/run-again`);
    assert.deepEqual([again.status, again.body.error?.code], [429, 'throttled'], again.text);
});
