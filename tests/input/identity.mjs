// Who somebody says to be, and what they may not do (d.5). Which role and scope may use which
// route, and the checks against foreign pages, are the whole table in rights.test.mjs; throttles,
// idleness and age are in tests/flow/api_sign_in.
const ME = 'nobody GET /api/me';
const SUBMIT = 'ana POST /api/requests';
const BODY = { language: 'python', code: 'print(1)' };
const decision = ({ digest }) => ({ verdict: 'approve', revision: 1, bundle_sha256: digest });

const tokens = [
    'Basic YW5hOnB3', 'Bearer', 'Bearer ', 'bearer{read}', 'Bearer {read}x', 'Bearer x{read}',
    'Bearer {read} {read}', 'Bearer {read},x', 'Token {read}', 'Digest username="ana"',
    'Negotiate x',
    `Bearer ${'a'.repeat(500)}`, "Bearer ' or 1=1 --", 'Bearer cst_',
    `Bearer cst_${'A'.repeat(43)}`,
    'Bearer null', 'Bearer {expired}', 'Bearer {revoked}', 'Bearer {disabled}', 'Bearer {cookie}',
].map((authorization) => [`Authorization: ${authorization.slice(0, 40)}`, ME, undefined,
                          '401 unauthenticated', { authorization }]);

const cookies = [
    ...['', 'x', 'css_', `css_${'A'.repeat(43)}`, '%00', '"quoted"', '{read}', 'null'].map(
        (value) => [`a session ${value.slice(0, 20) || 'that is empty'}`, ME, undefined,
                    '401 unauthenticated', { cookie: `{cookie_name}=${value}` }]),
    ['a session that was signed out', ME, undefined, '401 unauthenticated', { cookie: '{ended}' }],
    ['a session of somebody disabled', ME, undefined, '401 unauthenticated',
        { cookie: '{disabled_cookie}' }],
    ['a session of another instance', ME, undefined, '401 unauthenticated',
        { cookie: 'cs_session_00000000={cookie_value}' }],
    ['the name of a session in capitals', ME, undefined, '401 unauthenticated',
        { cookie: 'CS_SESSION={cookie_value}' }],
    ['a session and a token', ME, undefined, '400 bad_request',
        { cookie: '{cookie}', authorization: 'Bearer {read}' }],
    ['a session and nonsense as token', ME, undefined, '400 bad_request',
        { cookie: '{cookie}', authorization: 'Bearer nonsense' }],
    ['a session twice', ME, undefined, '400 bad_request', { cookie: '{cookie}; {cookie}' }],
    ['a session and an empty one', ME, undefined, '400 bad_request',
        { cookie: '{cookie}; {cookie_name}=' }],
    ['two sessions', ME, undefined, '400 bad_request', { cookie: '{cookie}; {cookie_name}=other' }],
    ['a session of 200 letters', ME, undefined, '400 bad_request',
        { cookie: `{cookie_name}=${'x'.repeat(200)}` }],
    ['a session among cookies of others', ME, undefined, '200',
        { cookie: 'a=1; {cookie}; a=2; {cookie_name}x=3' }],
];

// Nothing that a proxy might add makes anybody anybody.
const proxies = ['X-Forwarded-User', 'X-Remote-User', 'Remote-User', 'X-User', 'X-Auth-User',
                 'X-Person-Id', 'X-Roles', 'X-Forwarded-For', 'X-Real-IP', 'Forwarded',
                 'X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Host', 'Proxy-Authorization',
                 'X-HTTP-Method-Override'].map((name) => [
    `forged ${name}`, ME, undefined, '401 unauthenticated', { [name]: 'adm' }]);

const foreign = [
    ...['https://evil.test', 'null', 'http://', 'file://', 'http://localhost', 'http://127.0.0.1',
        'http://127.0.0.1:1', '', 'https://{host}', 'http://{host}/', 'http://{host}.evil.test',
        'http://u@{host}'].map((origin) => [`Origin: ${origin}`, SUBMIT, BODY, '403 bad_origin',
                                            { origin }]),
    ...['cross-site', 'same-site', '', 'SAME-ORIGIN', 'none, same-origin', 'x'].map((site) => [
        `Sec-Fetch-Site: ${site}`, SUBMIT, BODY, '403 bad_origin', { 'sec-fetch-site': site }]),
    ...['', 'x', '{wrong_csrf}', '{csrf}0', ' ', '{other_csrf}'].map((token) => [
        `X-CSRF-Token: ${token}`, SUBMIT, BODY, '403 csrf', { 'x-csrf-token': token }]),
    ['a sign-in from another site', 'nobody POST /api/login', { login: 'ana', password: 'x' },
        '403 bad_origin', { origin: 'https://evil.test' }],
    ['a sign-in by a frame of another site', 'nobody POST /api/login',
        { login: 'ana', password: 'x' }, '403 bad_origin', { 'sec-fetch-site': 'cross-site' }],
];

const DECIDE = 'POST /api/requests/{pending}/decisions';
const people = [
    ['the author decides', 'all POST /api/requests/{own}/decisions',
        ({ own_digest: digest }) => decision({ digest }), '403 own_request'],
    ['the author rejects', 'all POST /api/requests/{own}/decisions',
        ({ own_digest: digest }) => ({ ...decision({ digest }), verdict: 'reject', note: 'x' }),
        '403 own_request'],
    ['an analyst decides', `ana ${DECIDE}`, decision, '403 wrong_role'],
    ['an admin decides', `adm ${DECIDE}`, decision, '403 wrong_role'],
    ['a reviewer of another team decides', `oto ${DECIDE}`, decision, '404 not_found'],
    ['a token that may only read decides', `nobody ${DECIDE}`, decision, '403 forbidden',
        { authorization: 'Bearer {read}' }],
    ['a reviewer submits', 'rob POST /api/requests', BODY, '403 wrong_role'],
    ['an admin submits', 'adm POST /api/requests', BODY, '403 wrong_role'],
    ['an analyst reads the audit trail', 'ana GET /api/audit?request_id={pending}', undefined,
        '403 wrong_role'],
    ['an analyst pauses', 'ana POST /api/pauses', { scope: 'all' }, '403 wrong_role'],
    ['an analyst sets a budget', 'ana PUT /api/budgets/user:*', { limit_nano_usd: 1 },
        '403 wrong_role'],
    ['an analyst ends a budget', 'ana DELETE /api/budgets/user:*', undefined, '403 wrong_role'],
    ['an analyst makes people', 'ana POST /api/people',
        { login: 'x', name: 'x', roles: ['admin'] }, '403 wrong_role'],
    ['an analyst gives themselves a role', 'ana PATCH /api/people/{person}', { roles: ['admin'] },
        '403 wrong_role'],
    ['a stale digest', `rob ${DECIDE}`, decision.bind(null, { digest: 'a'.repeat(64) }),
        '409 stale bundle_sha256'],
    ['reject what was approved', 'rob POST /api/requests/{approved}/decisions',
        ({ approved_digest: digest }) => ({ ...decision({ digest }), verdict: 'reject',
                                            note: 'x' }), '409 already_decided'],
    ['approve what was approved once more', 'rob POST /api/requests/{approved}/decisions',
        ({ approved_digest: digest }) => decision({ digest }), '200'],
    ['somebody else approves what was approved', 'rod POST /api/requests/{approved}/decisions',
        ({ approved_digest: digest }) => decision({ digest }), '409 already_decided'],
    ['undo by another reviewer', 'rod POST /api/requests/{approved}/undo', {}, '403 wrong_role'],
    ["another person's request is cancelled", 'bob POST /api/requests/{pending}/cancel', {},
        '404 not_found'],
    ['a reviewer cancels what is not theirs', 'rob POST /api/requests/{pending}/cancel', {},
        '403 wrong_role'],
    ["another person's session is ended", 'bob DELETE /api/sessions/{session}', undefined,
        '404 not_found'],
    ["another person's sessions are listed", 'ana GET /api/sessions?person_id={person}', undefined,
        '403 wrong_role'],
    ["another person's sessions are ended", 'ana DELETE /api/sessions?person_id={person}',
        undefined, '403 wrong_role'],
    ['the sessions of nobody are listed', 'adm GET /api/sessions?person_id=999999', undefined,
        '404 not_found person_id'],
    ['the sessions of nobody are ended', 'adm DELETE /api/sessions?person_id=999999', undefined,
        '404 not_found person_id'],
    ...['0', '-1', 'x', '', '9007199254740992'].map((id) => [`the sessions of ${id || 'nothing'}`,
        `ana GET /api/sessions?person_id=${id}`, undefined, '400 invalid_field person_id']),
    ['a wrong password to confirm a session', 'pam POST /api/reauthenticate',
        { password: 'wrong' }, '403 forbidden password'],
    ['a session confirmed without a password', 'ana POST /api/reauthenticate',
        { password: 'wrong' }, '403 forbidden password'],
    ['a session confirmed with nothing', 'pam POST /api/reauthenticate', {},
        '400 missing_field password'],
    ["another person's token is revoked", 'bob DELETE /api/tokens/{token}', undefined,
        '404 not_found'],
    ['a token for an agent that decides', 'adm POST /api/tokens',
        ({ agent }) => ({ name: 'x', scopes: ['decide'], person_id: agent }),
        '400 invalid_field scopes'],
    ['a wrong current password', 'pam POST /api/password',
        { current: 'wrong', password: 'new password' }, '403 forbidden current'],
    ['a new password without the current one', 'pam POST /api/password',
        { password: 'new password' }, '400 missing_field current'],
    ['a password that many have', 'ana POST /api/password',
        { password: 'ILoveYou1' }, '400 invalid_field password'],
    ['a wrong password', 'nobody POST /api/login', { login: 'pam', password: 'x' },
        '401 wrong_credentials'],
    ['somebody unknown', 'nobody POST /api/login', { login: 'no-one', password: 'x' },
        '401 wrong_credentials'],
    ['somebody without a password', 'nobody POST /api/login', { login: 'ana', password: 'x' },
        '401 wrong_credentials'],
    ['somebody disabled', 'nobody POST /api/login', { login: 'tom', password: 'x' },
        '401 wrong_credentials'],
    ['a word of a proxy where none is trusted', 'nobody POST /api/login', { proxy: true },
        '403 forbidden proxy', { 'x-remote-user': 'adm' }],
    ['no word of a proxy', 'nobody POST /api/login', { proxy: false }, '400 invalid_field proxy'],
    ["a proxy's word and a password", 'nobody POST /api/login',
        { proxy: true, login: 'pam', password: 'correct horse' }, '400 invalid_field proxy'],
    ['a sign-in at a provider where there is none', 'nobody POST /api/oidc/start', {},
        '403 forbidden'],
    ['an answer of a provider where there is none', 'nobody POST /api/oidc/finish',
        { code: 'x', state: 'x' }, '403 forbidden'],
    ['a subject of a provider where there is none', 'adm POST /api/people/{person}/identities',
        { subject: 'x' }, '403 forbidden'],
    ['an answer of a provider from another site', 'nobody POST /api/oidc/finish',
        { code: 'x', state: 'x' }, '403 bad_origin', { origin: 'https://evil.test' }],
    ['a link that never was', 'nobody POST /api/login', { link_token: 'x' },
        '401 wrong_credentials'],
    ['a link that was used', 'nobody POST /api/login', ({ used_link: token }) => (
        { link_token: token }), '401 wrong_credentials'],
];

// A key is not needed: who sends none gets a new request each time (docs/api.md).
const keys = [
    ...['""', '"open', 'a b', 'a"b', 'a,b', 'a;b', '"a";x=1', '"a\\x"', '"a""b"', 'k'.repeat(256),
        `"${'k'.repeat(256)}"`, 'a\tb', '"\u00e4"', ''].map((key) => [
        `Idempotency-Key: ${key.slice(0, 20)}`, SUBMIT, BODY, '400 bad_request Idempotency-Key',
        { 'idempotency-key': key }]),
    ['a key used for another body', SUBMIT, { ...BODY, code: 'print(2)' },
        '422 idempotency_key_reused Idempotency-Key', { 'idempotency-key': '"used"' }],
    ['a key used for another route', 'ana POST /api/requests/{pending}/cancel', BODY,
        '400 unknown_field language', { 'idempotency-key': '"used"' }],
    ['a key used for the same', SUBMIT, BODY, '201', { 'idempotency-key': '"used"' }],
];

export const identity = [...tokens, ...cookies, ...proxies, ...foreign, ...people, ...keys];
