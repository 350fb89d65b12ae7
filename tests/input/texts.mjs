// Text that deceives, breaks or attacks, in every field that takes text (d.3). Rows are sent so
// that text which is taken is refused for another reason, known beforehand, and changes nothing.
const DIGEST = 'a'.repeat(64);

// [what, text, refused in a line, in lines, in code]: '' where it is only a text.
const BAD = 'bad';
const texts = [
    ['a text direction override', 'a\u202eb', BAD, BAD, BAD],
    ['a text direction isolate', 'a\u2066b', BAD, BAD, BAD],
    ['a right-to-left mark', 'a\u200fb', BAD, BAD, BAD],
    ['an Arabic letter mark', 'a\u061cb', BAD, BAD, BAD],
    ['a deprecated format control', 'a\u206bb', BAD, BAD, BAD],
    ['a byte order mark inside', 'a\ufeffb', BAD, BAD, BAD],
    ['a tag character', 'a\u{e0061}b', BAD, BAD, BAD],
    ['a supplementary variation selector', 'a\u{e0100}b', BAD, BAD, BAD],
    ['a noncharacter', 'a\uffffb', BAD, BAD, BAD],
    ['a noncharacter of Arabic', 'a\ufdd0b', BAD, BAD, BAD],
    ['a noncharacter beyond', 'a\u{1fffe}b', BAD, BAD, BAD],
    ['an interlinear annotation', 'a\ufff9b', BAD, BAD, BAD],
    ['a control byte', 'a\u0001b', BAD, BAD, BAD],
    ['BEL', 'a\u0007b', BAD, BAD, BAD],
    ['ESC and a colour', 'a\u001b[31mb', BAD, BAD, BAD],
    ['ESC and a title', 'a\u001b]0;x\u0007b', BAD, BAD, BAD],
    ['backspaces', 'ab\b\bcd', BAD, BAD, BAD],
    ['DEL', 'a\u007fb', BAD, BAD, BAD],
    ['a C1 control', 'a\u009bb', BAD, BAD, BAD],
    ['a next line', 'a\u0085b', BAD, BAD, BAD],
    ['a line separator', 'a\u2028b', BAD, BAD, BAD],
    ['a paragraph separator', 'a\u2029b', BAD, BAD, BAD],
    ['a carriage return', 'a\rb', BAD, BAD, BAD],
    ['CR LF', 'a\r\nb', BAD, BAD, BAD],
    ['a vertical tab', 'a\vb', BAD, BAD, BAD],
    ['a form feed', 'a\fb', BAD, BAD, BAD],
    ['a line end', 'a\nb', BAD, '', ''],
    ['a tab', 'a\tb', BAD, '', ''],
    // Words of people may have these, code may not: it must be what it looks like.
    ['a zero-width space', 'a\u200bb', '', '', BAD],
    ['a zero-width joiner', 'a\u200db', '', '', BAD],
    ['a word joiner', 'a\u2060b', '', '', BAD],
    ['a soft hyphen', 'a\u00adb', '', '', BAD],
    ['a grapheme joiner', 'a\u034fb', '', '', BAD],
    ['a variation selector', 'a\ufe0fb', '', '', BAD],
    ['a Hangul filler', 'a\u3164b', '', '', BAD],
    ['an empty Braille cell', 'a\u2800b', '', '', BAD],
    ['a private character', 'a\ue000b', '', '', BAD],
    ['an emoji of several people', '\u{1f469}\u200d\u{1f4bb} \u2764\ufe0f', '', '', BAD],
    ['composed', '\u00e9', '', '', BAD],
    ['decomposed', 'e\u0301', '', '', BAD],
    ['forty accents', `e${'\u0301'.repeat(40)}`, '', '', BAD],
    ['Hebrew', '\u05e9\u05dc\u05d5\u05dd', '', '', BAD],
    ['full-width letters', '\uff4f\uff53', '', '', BAD],
    ['mathematical letters', '\u{1d429}\u{1d42b}', '', '', BAD],
    ['letters in a string', '"\u00e9\u05e9"', '', '', ''],
    ['letters in a comment', '# \u00e9\u05e9', '', '', ''],
    ['a script', '<script>alert(1)</script>', '', '', ''],
    ['a broken attribute', '"><svg onload=alert(1)>', '', '', ''],
    ['a template', '{{7*7}}${7*7}<%=7*7%>', '', '', ''],
    ['formats of C', '%n%s%1$x', '', '', ''],
    ['SQL', "'; drop table cs.request; --", '', '', ''],
    ['SQL in dollars', '$$; select pg_sleep(9); --$$', '', '', ''],
    ['a shell', '$(reboot)`reboot`;reboot|reboot', '', '', ''],
    ['a formula', '=cmd|"/c calc"!A1', '', '', ''],
    ['a plus formula', '+1+1', '', '', ''],
    ['an at formula', '@SUM(1)', '', '', ''],
    ['a path', '../../etc/passwd', '', '', ''],
    ['JSON', '{"error":{"code":"x"}}', '', '', ''],
    ['null as a word', 'null', '', '', ''],
];

const submit = (field) => (text) => (
    { language: 'python', code: 'x', [field]: text, team_id: 999999 });
const decide = (more) => ({ verdict: 'approve', revision: 1, bundle_sha256: DIGEST, ...more });

// [request, field, 0 line 1 lines 2 code, body, what is answered where the text is taken]
const places = [
    ['ana POST /api/requests', 'title', 0, submit('title'),
        '400 invalid_field team_id'],
    ['ana POST /api/requests', 'question', 1, submit('question'),
        '400 invalid_field team_id'],
    ['ana POST /api/requests', 'state', 1, submit('state'),
        '400 invalid_field team_id'],
    ['ana POST /api/requests', 'code', 2, submit('code'), '400 invalid_field team_id'],
    ['ana POST /api/requests/{pending}/revisions', 'title', 0,
        (text) => ({ revision: 9, code: 'x', title: text }), '409 stale revision'],
    ['ana POST /api/requests/{pending}/revisions', 'code', 2,
        (text) => ({ revision: 9, code: text }), '409 stale revision'],
    ['rob POST /api/requests/{pending}/decisions', 'note', 1, (text) => decide({ note: text }),
        '409 stale bundle_sha256'],
    ['rob POST /api/requests/{pending}/decisions', 'acknowledged', 0,
        (text) => decide({ acknowledged: ['fine', text] }), '409 stale bundle_sha256'],
    ['rob POST /api/requests/{pending}/settle', 'note', 1,
        (text) => ({ outcome: 'failed', note: text }), '409 wrong_state'],
    ['ana POST /api/requests/{cancelled}/cancel', 'note', 1, (text) => ({ note: text }),
        '409 wrong_state'],
    ['ana POST /api/tokens', 'name', 0,
        (text, { person }) => ({ name: text, scopes: ['read'], person_id: person }),
        '403 wrong_role'],
    ['adm POST /api/people', 'name', 0,
        (text) => ({ login: 'ana', name: text, roles: ['analyst'] }), '409 conflict login'],
    ['adm PATCH /api/people/999999', 'name', 0, (text) => ({ name: text }), '404 not_found'],
    ['adm POST /api/pauses', 'reason', 0, (text) => ({ scope: 'team:999', reason: text }),
        '400 invalid_field scope'],
    ['adm POST /api/pauses', 'scope', 0, (text) => ({ scope: text }), '400 invalid_field scope'],
    ['adm POST /api/audit/retention', 'reason', 1,
        (text) => ({ before: '2020-01-01', reason: text }), '400 invalid_field before'],
    ['adm DELETE /api/pauses', 'scope', 0, (text) => ({ scope: text }), '400 invalid_field scope'],
];

const inBodies = places.flatMap(([request, field, kind, body, taken]) => texts.map(
    ([what, text, ...refused]) => [`${request} ${field}: ${what}`, request,
                                   (names) => body(text, names),
                                   refused[kind] ? `422 not_acceptable ${field}` : taken]));

// Nobody is called like that, and signing in says no more than that.
const inLogins = texts.map(([what, text]) => [
    `login: ${what}`, 'nobody POST /api/login', { login: text, password: 'x' },
    '401 wrong_credentials']);

const inSearches = texts.map(([what, text, refused]) => [
    `search: ${what}`, `rob GET /api/requests?q=${encodeURIComponent(text)}`, undefined,
    refused ? '422 not_acceptable q' : '200']);

// Names of people who sign in are plain, so that two never look alike.
const inNewLogins = texts.map(([what, text]) => [
    `new login: ${what}`, 'adm POST /api/people',
    { login: text, name: 'x', roles: ['analyst'], team_ids: [999999] },
    text === 'null' ? '400 invalid_field team_ids' : '400 invalid_field login']);

// A coding cookie, and what only looks like one.
const cookies = [
    ...['# coding: latin-1\nx', '#!/x\n# -*- coding: unicode_escape -*-\nx', '# coding=utf-7\nx',
        '# vim: set fileencoding=utf-16 :\nx', '#coding:raw_unicode_escape\nx',
        '\t# coding: rot13\nx', '# coding: utf8x\nx', '\n# coding: latin-1\nx'].map(
        (code) => [code, '422 not_acceptable code']),
    ...['# coding: utf-8\nx', '# -*- coding: UTF-8 -*-\nx', 'x = 1\n\n# coding: latin-1\n',
        'x = "coding: latin-1"\n'].map((code) => [code, '400 invalid_field team_id']),
].map(([code, expected]) => [`a cookie ${JSON.stringify(code).slice(0, 40)}`,
                             'ana POST /api/requests',
                             { language: 'python', code, team_id: 999999 }, expected]);

export const words = [...inBodies, ...inLogins, ...inSearches, ...inNewLogins, ...cookies];
