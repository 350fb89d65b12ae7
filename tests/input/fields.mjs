// Fields of the wrong type, beyond their bounds, missing, unknown, or naming what is not there.
// Proves: V6.2.1
// Names in which nobody sees anything.
const unseen = [' ', '\u00a0\u3000', '\u200b\u200d', '\u3164', '\ufe0f ', '\ue000'];
const BASE = { language: 'python', code: 'print(1)' };
const DIGEST = 'a'.repeat(64);
const brief = (value) => `${JSON.stringify(value) ?? 'missing'}`.slice(0, 40);

// Rows that differ from a good body in one field.
const over = (request, base, code = '400 invalid_field') => (field, ...values) => values.map(
    (value) => [`${request} ${field} ${brief(value)}`, request, { ...base, [field]: value },
                `${code} ${field}`]);
const missing = (request, base, ...fields) => fields.map((field) => (
    [`${request} no ${field}`, request, { ...base, [field]: undefined },
     `400 missing_field ${field}`]));
const unknown = (request, base, ...fields) => fields.map((field) => (
    [`${request} ${field} unknown`, request, { ...base, [field]: 1 },
     `400 unknown_field ${field}`]));

const SUBMIT = 'ana POST /api/requests';
const wrong = over(SUBMIT, BASE);
const limit = (name, ...values) => values.map((value) => (
    [`limits.${name} ${value}`, SUBMIT, { ...BASE, limits: { [name]: value } },
     `400 invalid_field limits.${name}`]));

const submissions = [
    ...missing(SUBMIT, BASE, 'language', 'code'),
    // Who somebody is comes from the sign-in, and what is approved from a decision.
    ...unknown(SUBMIT, BASE, 'nope', 'id', 'author_id', 'author', 'reviewer_id', 'approved',
               'status', 'backend', 'image', 'network', 'revision', 'max_limits', 'actor'),
    ...wrong('language', '', 'Python', 'bash', 'python ', 'javascript', null, 1, [], {},
             'x'.repeat(17)),
    ...wrong('code', '', ' \n\t', null, 1, [], {}, true, 'a'.repeat(262145), '1\n'.repeat(2001)),
    ...wrong('title', null, 1, [], {}, true, 'x'.repeat(201)),
    ...wrong('question', null, {}, 1, [], 'x'.repeat(10001)),
    ...wrong('state', null, 5, {}, [], 'x'.repeat(8193)),
    ...wrong('retry_safe', null, 1, 0, 'true', [], {}),
    ...wrong('team_id', null, 0, -1, 1.5, '1', true, [], 2 ** 53, 2 ** 31, 1e15, 1e308, -0.5),
    ...wrong('files', null, {}, 'x', 1, true, Array.from({ length: 17 }, () => ({ id: 1 }))),
    ...wrong('limits', null, [], 'x', 1, true),
    ...wrong('sandbox', null, 1, [], {}, true, '', 'moon', 'LOCAL', 'local ', 'e2b', 'daytona',
             'x'.repeat(17)),
    ...wrong('when_unavailable', null, 1, false, [], '', 'later', 'FAIL', 'x'.repeat(17)),
    ['a file that is a number', SUBMIT, { ...BASE, files: [1] }, '400 invalid_field files.0'],
    ['a file that is null', SUBMIT, { ...BASE, files: [null] }, '400 invalid_field files.0'],
    ['a file that is a list', SUBMIT, { ...BASE, files: [[]] }, '400 invalid_field files.0'],
    ['a file without id', SUBMIT, { ...BASE, files: [{}] }, '400 missing_field files.0.id'],
    ['a file with more', SUBMIT, { ...BASE, files: [{ id: 1, name: 'x' }] },
        '400 unknown_field files.0.name'],
    ['a file id as text', SUBMIT, { ...BASE, files: [{ id: '1' }] },
        '400 invalid_field files.0.id'],
    ['file id 0', SUBMIT, { ...BASE, files: [{ id: 0 }] }, '400 invalid_field files.0.id'],
    ['file id 2^53', SUBMIT, { ...BASE, files: [{ id: 2 ** 53 }] }, '400 invalid_field files.0.id'],
    ['an unknown file', SUBMIT, { ...BASE, files: [{ id: 999999 }] },
        '400 invalid_field files.0.id'],
    ['the same file twice', SUBMIT,
        ({ file }) => ({ ...BASE, files: [{ id: file }, { id: file }] }),
        '400 invalid_field files.1.id'],
    ["somebody else's file", SUBMIT, ({ foreign }) => ({ ...BASE, files: [{ id: foreign }] }),
        '400 invalid_field files.0.id'],
    ['a good file and an unknown one', SUBMIT,
        ({ file }) => ({ ...BASE, files: [{ id: file }, { id: 999999 }] }),
        '400 invalid_field files.1.id'],
    ['a team one is not in', SUBMIT, ({ other_team: team }) => ({ ...BASE, team_id: team }),
        '400 invalid_field team_id'],
    ['an unknown limit', SUBMIT, { ...BASE, limits: { gpus: 1 } }, '400 unknown_field limits.gpus'],
    ...limit('wall_ms', 0, -1, 99, 30001, 2 ** 31, 2 ** 53, 1.5, '100', null, true, [], 1e308),
    ...limit('memory_bytes', 0, -1, 16777215, 1073741825, 2 ** 60, '1', null),
    ...limit('pids', 0, 3, 65, -1, 1e9, null),
    ...limit('output_bytes', 0, -1, 1023, 1048577, 'x', null),
    ...limit('files', -1, 9, 0.5, null),
    ...limit('file_bytes', 0, 1023, 8388609, true, null),
    ...limit('cpu_ms', 0, -1, 99, 120001, 2 ** 53, 1.5, '100', null),
    ...limit('tmp_bytes', 0, 1048575, 67108865, 2 ** 60, '1', null),
];

const DECIDE = 'rob POST /api/requests/{pending}/decisions';
const DECISION = { verdict: 'approve', revision: 1, bundle_sha256: DIGEST };
const decide = over(DECIDE, DECISION);
const REVISE = 'ana POST /api/requests/{pending}/revisions';
const REVISION = { revision: 1, code: 'print(2)' };
const revise = over(REVISE, REVISION);
const SETTLE = 'rob POST /api/requests/{pending}/settle';
const CANCEL = 'ana POST /api/requests/{pending}/cancel';

const decisions = [
    ...missing(DECIDE, DECISION, 'verdict', 'revision', 'bundle_sha256'),
    ...decide('verdict', 'maybe', 'APPROVE', 'approved', '', 'x'.repeat(21), true, null, 1, [], {}),
    ...decide('revision', 0, -1, '1', 1.5, 2 ** 31, 2 ** 53, null, true, []),
    ...decide('bundle_sha256', '', 'abc', 'A'.repeat(64), 'g'.repeat(64), 'a'.repeat(63),
              'a'.repeat(65), ` ${'a'.repeat(63)}`, null, 1, [], {}),
    ...decide('note', 'x'.repeat(5001), 1, null, [], {}, false),
    ...decide('acknowledged', true, null, 'x', {}, [1], [null], [[]], ['x'.repeat(201)],
              Array(2001).fill('x')),
    ...decide('dwell_ms', -1, 1.5, '1', null, 86400001, 2 ** 53, true),
    ...decide('seen_bytes', -1, 1.5, '1', null, 1048577, 2 ** 53, true, []),
    ...decide('undo_seconds', 61, -1, 0.5, '5', null, 2 ** 31, []),
    ...unknown(DECIDE, DECISION, 'reviewer_id', 'id', 'state', 'decided_at', 'actor',
               'review_min_seconds', 'seen_digest', 'shown_for_ms'),
    ['more seen than there is', DECIDE, ({ digest }) => ({ verdict: 'approve', revision: 1,
        bundle_sha256: digest, seen_bytes: 1048576 }), '400 invalid_field seen_bytes'],
    ['a later revision', DECIDE, { ...DECISION, revision: 2 }, '409 stale revision'],
    ['another digest', DECIDE, DECISION, '409 stale bundle_sha256'],
    ['a reason is needed to reject', DECIDE,
        ({ digest }) => ({ verdict: 'reject', revision: 1, bundle_sha256: digest }),
        '400 missing_field note'],
    ...missing(REVISE, REVISION, 'revision', 'code'),
    ...revise('revision', 0, -1, '1', 1.5, 2 ** 31, null),
    ...revise('code', '', ' ', null, 1, [], 'a'.repeat(262145), '1\n'.repeat(2001)),
    ...revise('language', '', 'r', null, 1, 'x'.repeat(17)),
    ...revise('title', null, 1, 'x'.repeat(201)),
    ...revise('files', null, {}, 1, Array.from({ length: 17 }, () => ({ id: 1 }))),
    ...revise('limits', null, [], 1),
    ...revise('retry_safe', null, 1, 'true'),
    ...unknown(REVISE, REVISION, 'id', 'sandbox', 'question', 'state', 'team_id', 'author_id'),
    ['revise: a revision that is not there', REVISE, { revision: 9, code: 'x' },
        '409 stale revision'],
    ['revise: an unknown file', REVISE, { ...REVISION, files: [{ id: 999999 }] },
        '400 invalid_field files.0.id'],
    ['revise: a limit beyond the most', REVISE, { ...REVISION, limits: { pids: 65 } },
        '400 invalid_field limits.pids'],
    ...missing(SETTLE, { outcome: 'failed', note: 'x' }, 'outcome', 'note'),
    ...over(SETTLE, { outcome: 'failed', note: 'x' })(
        'outcome', 'maybe', '', 'cancelled', 'SUCCEEDED', null, 1, [], 'x'.repeat(21)),
    ...over(SETTLE, { outcome: 'failed', note: 'x' })('note', '', null, 1, 'x'.repeat(5001)),
    ...unknown(SETTLE, { outcome: 'failed', note: 'x' }, 'attempt_id', 'state'),
    ...over(CANCEL, {})('note', 1, null, [], {}, 'x'.repeat(5001)),
    ...unknown(CANCEL, {}, 'why', 'force'),
    ['break-glass that is not switched on', 'adm POST /api/requests/{pending}/break-glass',
        { ...DECISION, verdict: undefined, reason: 'It can not wait until tomorrow.' },
        '403 forbidden'],
    ...unknown('rob POST /api/requests/{pending}/undo', {}, 'x', 'note'),
    ...unknown('ana POST /api/requests/{pending}/run-again', {}, 'sandbox', 'code'),
    ['settle what does not need it', SETTLE, { outcome: 'succeeded', note: 'x' },
        '409 wrong_state'],
    ['undo by who did not decide', 'rob POST /api/requests/{pending}/undo', {}, '403 wrong_role'],
    ['undo what is not approved', 'adm POST /api/requests/{pending}/undo', {}, '409 wrong_state'],
    ['run again what still waits', 'ana POST /api/requests/{pending}/run-again', {},
        '409 wrong_state'],
    ['decide what is cancelled', 'rob POST /api/requests/{cancelled}/decisions',
        ({ cancelled_digest: digest }) => ({ ...DECISION, bundle_sha256: digest }),
        '409 wrong_state'],
    ['revise what is cancelled', 'ana POST /api/requests/{cancelled}/revisions', REVISION,
        '409 wrong_state'],
    ['cancel what is cancelled', 'ana POST /api/requests/{cancelled}/cancel', {},
        '409 wrong_state'],
];

const LOGIN = 'nobody POST /api/login';
const login = over(LOGIN, { login: 'x', password: 'y' });
const TOKEN = 'ana POST /api/tokens';
const token = over(TOKEN, { name: 'x', scopes: ['read'] });
const PERSON = 'adm POST /api/people';
const MADE = { login: 'new', name: 'New', roles: ['analyst'] };
const person = over(PERSON, MADE);
const CHANGE = 'adm PATCH /api/people/{person}';
const change = over(CHANGE, {});
const TEAM = 'adm POST /api/teams';
const PAUSE = 'adm POST /api/pauses';
const PROVIDER = 'nobody POST /api/oidc/finish';
const RETURN = { code: 'x', state: 'x' };
const SUBJECT = 'adm POST /api/people/{person}/identities';
const codes = ['', null, 123456, ['123456'], 'x'.repeat(65)];
const signIns = [
    ...missing(PROVIDER, RETURN, 'code', 'state'),
    ...unknown(PROVIDER, RETURN, 'nonce', 'id_token'),
    ...over(PROVIDER, RETURN)('code', '', null, 1, [], 'x'.repeat(4097)),
    ...over(PROVIDER, RETURN)('state', '', null, 1, {}, 'x'.repeat(201)),
    ...over(PROVIDER, RETURN)('iss', '', null, 1, 'x'.repeat(501)),
    ...over('nobody POST /api/oidc/start', {})('reauthenticate', null, 1, 'true', []),
    ...missing(SUBJECT, {}, 'subject'), ...unknown(SUBJECT, { subject: 'x' }, 'issuer'),
    ...over(SUBJECT, {})('subject', '', null, 1, 'x'.repeat(256)),
    ...over('nobody POST /api/login', {})('proxy', null, 1, 'true', []),
    ...login('code', ...codes),
    ...over('nobody POST /api/login', { link_token: 'x' })('code', ...codes),
    ...over('ana POST /api/reauthenticate', { password: 'x' })('code', ...codes),
    ...['ana POST /api/second-factor/confirm', 'ana DELETE /api/second-factor'].flatMap((route) => [
        ...missing(route, {}, 'code'), ...unknown(route, { code: '123456' }, 'password'),
        ...over(route, {})('code', ...codes),
    ]),
    ...unknown('ana POST /api/second-factor', {}, 'code', 'secret'),
];

const UNPAUSE = 'adm DELETE /api/pauses';
const BUDGET = 'adm PUT /api/budgets/team:*';
const LIMIT = { limit_nano_usd: 1000000000 };
const AUDIT = 'adm POST /api/audit/query';
const RETAIN = 'adm POST /api/audit/retention';
const OLD = { before: '2020-01-01', reason: 'x' };
const AGREE = 'adm POST /api/audit/retention/999999/agree';
const WITHDRAW = 'adm POST /api/audit/retention/999999/withdraw';
const scopes = ['', 'ALL', 'team:', 'team:x', 'team:0', 'team:999', 'team:01', 'team:1 ', 'team:-1',
                `team:${'9'.repeat(18)}`, `team:${'9'.repeat(19)}`, 'backend:', 'backend:moon',
                'backend:E2B', 'all,team:1', "all'--", 'x'.repeat(65), null, 1, [], {}, true];

const accounts = [
    ['login: nothing', LOGIN, {}, '400 missing_field login'],
    ...missing(LOGIN, { login: 'x', password: 'y' }, 'login', 'password'),
    ...login('login', '', 1, null, [], {}, true, 'x'.repeat(101)),
    ...login('password', null, 1, [], {}, true, 'x'.repeat(1025), 'x'.repeat(10240)),
    ...over(LOGIN, {})('link_token', '', 1, null, [], 'x'.repeat(129)),
    ['login: a link with more', LOGIN, { link_token: 'x', login: 'ana' },
        '400 invalid_field link_token'],
    ...unknown(LOGIN, { login: 'x', password: 'y' }, 'user', 'remember', 'role'),
    ['a password of 1 MB', LOGIN, { login: 'ana', password: 'x'.repeat(1048576) },
        '413 too_large'],
    ...missing(BUDGET, LIMIT, 'limit_nano_usd'),
    ...unknown(BUDGET, LIMIT, 'scope', 'soft', 'limit', 'set_by', 'id'),
    ...over(BUDGET, LIMIT)('limit_nano_usd', 0, -1, 1.5, 9000000000000001, '1', null, [], {}, true),
    ...over(BUDGET, LIMIT)('soft_percent', 0, 101, -1, 0.8, '80', null, [], true),
    ...over(BUDGET, LIMIT)('period', '', 'year', 'Month', 'x'.repeat(9), null, 1, [], {}),
    ...['all', 'team:', 'team:0', 'team:01', 'team:999', 'team:x', 'user:999', 'user:-1', 'moon:*',
        'team:**', `user:${'9'.repeat(18)}`, `team:${'9'.repeat(40)}`].flatMap((scope) => [
        [`budget: scope ${scope}`, `adm PUT /api/budgets/${scope}`, LIMIT,
            '400 invalid_field scope'],
        [`no budget: scope ${scope}`, `adm DELETE /api/budgets/${scope}`, undefined,
            '400 invalid_field scope']]),
    ['budget: none to end', 'adm DELETE /api/budgets/user:*', undefined, '404 not_found scope'],
    ['budget: no scope', 'adm PUT /api/budgets/', LIMIT, '404 not_found'],
    ['budget: two scopes', 'adm PUT /api/budgets/team:1/user:1', LIMIT, '404 not_found'],
    ...over(AUDIT, {})('question', '', null, 1, [], {}, 'x'.repeat(65)),
    ...over(AUDIT, {})('sql', '', null, 1, [], {}, 'x'.repeat(60001)),
    ...over(AUDIT, { question: 'pauses' })('parameters', null, 1, [], 'x'),
    ...unknown(AUDIT, { sql: 'select 1' }, 'limit', 'role'),
    ...missing(RETAIN, OLD, 'before', 'reason'),
    ...over(RETAIN, OLD)('before', '', null, 1, [], {}, 'yesterday', '2020-13-01', '2020-02-30',
                         '01.01.2020', '2020-01-1x', '2020/01/01', '-infinity', '9999-12-31',
                         '0000-01-01', '2020-01-01T00:00:00Z'),
    ...over(RETAIN, OLD)('reason', '', null, 1, [], 'x'.repeat(501)),
    ...unknown(RETAIN, OLD, 'id', 'seal', 'min_days', 'reauth_seconds', 'at_ms', 'signature'),
    ['retention: nothing is so old', RETAIN, OLD, '400 invalid_field before'],
    ...[AGREE, WITHDRAW].flatMap((request) => [
        ...unknown(request, {}, 'id', 'signature', 'reason'),
        [`${request}: is not there`, request, {}, '404 not_found']]),
    ['audit: nothing', AUDIT, {}, '400 missing_field question'],
    ['audit: a question and SQL', AUDIT, { question: 'pauses', sql: 'select 1' },
        '400 invalid_field sql'],
    ['audit: SQL with parameters', AUDIT, { sql: 'select $1', parameters: {} },
        '400 invalid_field parameters'],
    ['audit: no such question', AUDIT, { question: 'nope' }, '404 not_found question'],
    ...[['person', 'nobody'], ['from', 'yesterday'], ['to', '2026-13-40'], ['from', true]].map(
        ([name, value]) => [`audit: ${name} ${value}`, AUDIT,
            { question: 'pauses', parameters: { [name]: value } },
            `400 invalid_field parameters.${name}`]),
    ['audit: an unknown parameter', AUDIT, { question: 'pauses', parameters: { 'a"b': 1 } },
        '400 unknown_field parameters.a"b'],
    ['audit: a required one is missing', AUDIT, { question: 'request_story' },
        '400 missing_field parameters.request'],
    ...unknown('ana POST /api/logout', {}, 'all'),
    ...over('ana POST /api/password', { current: 'x' })(
        'password', '', 'x'.repeat(7), 'x'.repeat(1025), null, 1, []),
    ...missing('ana POST /api/password', {}, 'password'),
    ...over('ana POST /api/password', { password: 'x'.repeat(8) })(
        'current', null, 1, 'x'.repeat(1025)),
    ...unknown('ana POST /api/password', { password: 'x'.repeat(8) }, 'person_id', 'login'),
    ...missing(TOKEN, { name: 'x', scopes: ['read'] }, 'name', 'scopes'),
    ...token('name', '', null, 1, [], 'x'.repeat(101), '\u00e4'.repeat(101), 'x'.repeat(401),
             ...unseen),
    ...token('scopes', [], ['root'], [1], [null], ['READ'], ['read', 'root'], 'read', null, {},
             Array(5).fill('read')),
    ...token('days', 0, -1, 1.5, 3651, 2 ** 53, '1', null),
    ...token('person_id', 0, -1, 1.5, '1', null, 2 ** 53),
    ...unknown(TOKEN, { name: 'x', scopes: ['read'] }, 'token', 'prefix', 'seconds', 'created_by'),
    ["a token of somebody else's", TOKEN, ({ person: id }) => (
        { name: 'x', scopes: ['read'], person_id: id }), '403 wrong_role'],
    ['a token of nobody', 'adm POST /api/tokens',
        { name: 'x', scopes: ['read'], person_id: 999999 }, '404 not_found person_id'],
    ...missing(PERSON, MADE, 'login', 'name', 'roles'),
    ...person('login', '', 'a b', 'a\nb', '\u00e4na', '\uff41na', '\u0430na', '-x', '.x', "o'brien",
              'a/b', 'x'.repeat(101), null, 1, []),
    ...person('name', '', null, 1, 'x'.repeat(401), 'x'.repeat(101), ...unseen),
    ...person('roles', [], ['root'], ['agent'], ['agent', 'analyst'], [1], [null], 'analyst', null,
              Array(5).fill('analyst')),
    ...person('kind', 'robot', 'Human', '', null, 1),
    ...person('team_ids', [999999], ['1'], [0], [-1], [1.5], [null], [2 ** 53], 1, null,
              Array(51).fill(1)),
    ...person('owner_id', 0, -1, '1', null, 1.5, 2 ** 53),
    ...unknown(PERSON, MADE, 'id', 'password', 'disabled', 'created_by'),
    ...['ana', 'ANA', 'Ana'].map((name) => [`the login ${name} once more`, PERSON,
                                            { ...MADE, login: name }, '409 conflict login']),
    ...change('name', '', null, 1, 'x'.repeat(401), 'x'.repeat(101), ...unseen),
    ...change('roles', [], ['root'], ['agent'], [1], null, 'admin'),
    ...change('team_ids', [999999], ['1'], [0], null, {}, Array(51).fill(1)),
    ...change('disabled', null, 1, 'true', []),
    ...unknown(CHANGE, {}, 'login', 'kind', 'owner_id', 'password'),
    ['change of nobody', 'adm PATCH /api/people/999999', { name: 'x' }, '404 not_found'],
    ...missing(TEAM, {}, 'name'),
    ...over(TEAM, {})('name', '', null, 1, [], 'x'.repeat(101), 'x'.repeat(401), ...unseen,
                      '\u00e4'.repeat(101)),
    ...['data', 'DATA'].map((name) => [`the team ${name} once more`, TEAM, { name },
                                       '409 conflict name']),
    ...unknown(TEAM, { name: 'x' }, 'id', 'people'),
    ...missing(PAUSE, {}, 'scope'),
    ...over(PAUSE, {})('scope', ...scopes),
    ...over(PAUSE, { scope: 'all' })('reason', 'x'.repeat(501), null, 1, [], {}),
    ...unknown(PAUSE, { scope: 'all' }, 'at', 'by', 'until'),
    ...missing(UNPAUSE, {}, 'scope'),
    ...over(UNPAUSE, {})('scope', ...scopes),
    ...unknown(UNPAUSE, { scope: 'all' }, 'reason'),
    ['a pause that is not there', UNPAUSE, { scope: 'all' }, '404 not_found scope'],
];

const BATCH = 'ana POST /api/requests:batch';
const batches = [
    ...missing(BATCH, {}, 'requests'),
    ...over(BATCH, {})('requests', [], Array(51).fill(BASE), BASE, null, 'x', 1),
    ...unknown(BATCH, { requests: [BASE] }, 'atomic'),
];

// [query, field]: what a GET is asked for
const questions = [
    ...['view=', 'view=x', 'view=ALL', 'view=all,mine'].map((q) => [`/api/requests?${q}`, 'view']),
    ...['state=x', 'state=pending,x', 'state=Pending', 'state=pending%20', 'state=,',
        `state=${'pending,'.repeat(20)}x`].map((q) => [`/api/requests?${q}`, 'state']),
    ...['0', '101', '-1', 'x', '1.5', '', '1e1', '0x1', '%201', '9'.repeat(30)].map(
        (n) => [`/api/requests?limit=${n}`, 'limit']),
    ...['0', '-1', 'x', '', '1.5', '99999999999999999999'].map(
        (n) => [`/api/requests?cursor=${n}`, 'cursor']),
    [`/api/requests?q=${'x'.repeat(201)}`, 'q'],
    ...['-1', '301', 'x', '1.5', '', '1e2'].map((n) => [`/api/requests/{pending}?wait=${n}`,
                                                        'wait']),
    ...['later', '', 'DONE'].map((word) => [`/api/requests/{pending}?until=${word}`, 'until']),
    ...['xml', '', 'CSV'].map((word) => [`/api/requests/{pending}/results/1?format=${word}`,
                                         'format']),
    ...['0', '-1', 'x', '99999999999999999999'].map(
        (n) => [`/api/requests/{pending}/results/1?attempt=${n}`, 'attempt']),
    ...['x', '0', '-1', '', '99999999999999999999'].map((n) => [`/api/audit?request_id=${n}`,
                                                                'request_id']),
];

const reads = [
    ...questions.map(([path, field]) => [path.slice(0, 60), `rob GET ${path}`, undefined,
                                         `400 invalid_field ${field}`]),
    ['the audit of nothing', 'rob GET /api/audit', undefined, '400 missing_field request_id'],
    ...['a=1', 'limit=1&nope=1', 'VIEW=all'].map((q) => [
        `?${q}`, `rob GET /api/requests?${q}`, undefined,
        `400 unknown_field ${/nope|VIEW|a/.exec(q)[0]}`]),
    ['a text direction control in q', 'rob GET /api/requests?q=a%E2%80%AEb', undefined,
        '422 not_acceptable q'],
    ['a line end in q', 'rob GET /api/requests?q=a%0Ab', undefined, '422 not_acceptable q'],
];

// Numbers in paths that are none, or of nothing that one may see.
const ids = ['0', '-1', '01', '1.0', '1e3', 'abc', '0x1', '%31x', '9223372036854775808',
             '18446744073709551617', '9'.repeat(100), '999999', '9223372036854775807', '1;x', '1,2',
             '{foreign_request}'];
const places = [
    ['bea', 'GET', '/api/requests/ID'], ['bea', 'GET', '/api/requests/ID/revisions/1'],
    ['bea', 'GET', '/api/requests/ID/results/1'], ['bea', 'GET', '/api/requests/ID/events'],
    ['bea', 'GET', '/api/requests/ID/output'],
    ['bea', 'POST', '/api/requests/ID/revisions', REVISION],
    ['bea', 'POST', '/api/requests/ID/cancel', {}],
    ['bea', 'POST', '/api/requests/ID/run-again', {}],
    ['oto', 'POST', '/api/requests/ID/decisions', DECISION],
    ['oto', 'POST', '/api/requests/ID/undo', {}],
    ['oto', 'POST', '/api/requests/ID/settle', { outcome: 'failed', note: 'x' }],
];
const strangers = places.flatMap(([who, method, path, body]) => ids.map((id) => [
    `${method} ${path} ${id.slice(0, 24)}`, `${who} ${method} ${path.replace('ID', id)}`, body,
    '404 not_found']));

export const fields = [...submissions, ...decisions, ...accounts, ...signIns, ...batches,
                       ...reads, ...strangers];
