// Uploads (d.6): envelopes, forms, names, and contents that are not what they seem. A file is kept
// as it came, or refused; what it holds is judged by the run that reads it, see outputs.mjs.
const MIB = 1048576;
const BOUNDARY = 'xYzZy';
const FORM = `multipart/form-data; boundary=${BOUNDARY}`;
export const MOST = 4 * MIB; // MAX_UPLOAD_BYTES of these tests

/** A form of parts [headers, body] as bytes. */
export function form(parts, end = `\r\n--${BOUNDARY}--\r\n`) {
    return Buffer.concat([...parts.flatMap(([headers, body], i) => [
        Buffer.from(`${i ? '\r\n' : ''}--${BOUNDARY}\r\n${headers}\r\n\r\n`), Buffer.from(body)]),
        Buffer.from(end)]);
}

const part = (more) => `Content-Disposition: form-data${more}`;
const FILE = part('; name="file"; filename="a.csv"');
export const file = (name, body = 'a,b\n1,2\n', field = 'file') => (
    [part(`; name="${field}"; filename="${name}"`), body]);

const PLAIN = 'ana POST /api/files?name=a.csv';
const upload = (what, body, expected, type = 'text/csv', request = PLAIN) => (
    [what, request, Buffer.from(body), expected, { 'content-type': type }]);
const sent = (what, body, expected, type = FORM) => upload(what, body, expected, type,
                                                          'ana POST /api/files');

const envelopes = [
    upload('an empty file', '', '400 invalid_field file'),
    upload('no name', 'x', '400 missing_field name', 'text/csv', 'ana POST /api/files'),
    upload('an unknown parameter', 'x', '400 unknown_field x', 'text/csv', `${PLAIN}&x=1`),
    upload('a name twice', 'x', '400 bad_request name', 'text/csv', `${PLAIN}&name=b.csv`),
    ...['text/html', 'image/svg+xml', 'application/json', 'application/x-www-form-urlencoded',
        'multipart/mixed; boundary=x', 'text/csvx', '', 'text/csv, text/html', null].map(
        (type) => upload(`sent as ${type ?? 'nothing'}`, 'x', '415 unsupported_media_type', type)),
    upload('a form that has a name already', form([file('a.csv')]), '400 bad_request name', FORM),
    upload('a byte too many', Buffer.alloc(MOST + 1), '413 too_large file'),
    upload('ten times too many', Buffer.alloc(10 * MOST), '413 too_large'),
    upload('nobody', 'x', '401 unauthenticated', 'text/csv', PLAIN.replace('ana', 'nobody')),
    ...['0', '-1', '999999', 'x', '{foreign}', '9223372036854775808', '1/2'].map((id) => [
        `GET file ${id}`, `ana GET /api/files/${id}`, undefined, '404 not_found']),
];

const boundaries = [
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['an empty boundary in quotes', 'multipart/form-data; boundary=""'],
    ['an open quote', 'multipart/form-data; boundary="xYzZy'],
    ['a boundary of 71 letters', `multipart/form-data; boundary=${'b'.repeat(71)}`],
    ['a boundary of 1,000 letters', `multipart/form-data; boundary=${'b'.repeat(1000)}`],
    ['a boundary with a control byte', 'multipart/form-data; boundary="a\tb"'],
    ['a boundary with brackets', 'multipart/form-data; boundary=a[b]'],
    ['a boundary that ends in a blank', 'multipart/form-data; boundary="xYzZy "'],
    ['two boundaries', `${FORM}; boundary=other`],
    ['another boundary', 'multipart/form-data; boundary=other'],
    ['the boundary in other letters', 'multipart/form-data; boundary=xyzzy'],
].map(([what, type]) => sent(what, form([file('a.csv')]), '400 bad_request', type));

const forms = [
    sent('an empty body', '', '400 bad_request'),
    sent('only the closing boundary', `--${BOUNDARY}--\r\n`, '400 bad_request'),
    sent('only an opening boundary', `--${BOUNDARY}\r\n`, '400 bad_request'),
    sent('no closing boundary', form([file('a.csv')], ''), '400 bad_request'),
    sent('a closing boundary cut short', form([file('a.csv')], `\r\n--${BOUNDARY}-`),
         '400 bad_request'),
    sent('a boundary with more behind it', form([file('a.csv')], `\r\n--${BOUNDARY}x--\r\n`),
         '400 bad_request'),
    sent('something behind it', form([file('a.csv')], `\r\n--${BOUNDARY}--\r\nmore`),
         '400 bad_request'),
    sent('a preamble', Buffer.concat([Buffer.from('hello\r\n'), form([file('a.csv')])]),
         '400 bad_request'),
    sent('line ends without CR', form([file('a.csv')]).toString().replaceAll('\r\n', '\n'),
         '400 bad_request'),
    sent('two files', form([file('a.csv'), file('b.csv')]), '400 bad_request'),
    sent('the same file twice', form([file('a.csv'), file('a.csv')]), '400 bad_request'),
    sent('10,000 parts', form(Array.from({ length: 10000 }, () => file('a.csv', 'x'))),
         '400 bad_request'),
    sent('another field', form([file('a.csv', 'x', 'other')]), '400 unknown_field name'),
    sent('a field before the file', form([[part('; name="note"'), 'x'], file('a.csv')]),
         '400 unknown_field name'),
    sent('no file name', form([[part('; name="file"'), 'x']]), '400 missing_field file'),
    sent('no field name', form([[part('; filename="a.csv"'), 'x']]), '400 missing_field file'),
    sent('neither', form([[part(''), 'x']]), '400 missing_field file'),
    sent('no quotes', form([[part('; name=file; filename=a.csv'), 'x']]), '400 bad_request'),
    sent('an open quote', form([[part('; name="file"; filename="a.csv'), 'x']]),
         '400 bad_request'),
    sent('two file names', form([[`${FILE}; filename="b.csv"`, 'x']]), '400 bad_request'),
    sent('two names', form([[`${FILE}; name="file"`, 'x']]), '400 bad_request'),
    sent('filename*', form([[part("; name=\"file\"; filename*=UTF-8''a.csv"), 'x']]),
         '400 bad_request'),
    sent('an unknown parameter', form([[`${FILE}; size="1"`, 'x']]), '400 bad_request'),
    sent('no headers', form([['X: y', 'x']]), '400 bad_request'),
    sent('an attachment', form([[FILE.replace('form-data', 'attachment'), 'x']]),
         '400 bad_request'),
    sent('two dispositions', form([[`${FILE}\r\n${FILE}`, 'x']]), '400 bad_request'),
    sent('a nested form', form([[`${FILE}\r\nContent-Type: multipart/mixed; boundary=in`,
                                 '--in\r\n\r\nx\r\n--in--']]), '400 bad_request'),
    ...['base64', 'quoted-printable', 'gzip'].map((coding) => sent(
        coding, form([[`${FILE}\r\nContent-Transfer-Encoding: ${coding}`, 'eA==']]),
        '400 bad_request')),
    sent('part headers of 5,000 bytes', form([[`${FILE}\r\nX-Y: ${'y'.repeat(5000)}`, 'x']]),
         '400 bad_request'),
    sent('nine part headers', form([[`${FILE}${'\r\nX: y'.repeat(8)}`, 'x']]), '400 bad_request'),
    sent('a header without a colon', form([[`${FILE}\r\nhello`, 'x']]), '400 bad_request'),
    sent('a folded header', form([[`${FILE};\r\n x="y"`, 'x']]), '400 bad_request'),
    sent('NUL in a header', form([[`${FILE}\r\nX: a\0b`, 'x']]), '400 bad_request'),
    sent('headers that never end', `--${BOUNDARY}\r\n${FILE}`, '400 bad_request'),
    sent('an empty file', form([file('a.csv', '')]), '400 invalid_field file'),
    sent('a file beyond the limit', form([file('a.bin', Buffer.alloc(MOST + 1))]),
         '413 too_large file'),
    sent('a file name of 256 bytes', form([file('x'.repeat(256))]), '400 invalid_field name'),
];

const NAMES = ['', '.', '..', '.htaccess', '.git', '../../x', '/etc/passwd', 'a/b', 'C:\\x',
               '\\\\host\\share', 'a\\b', 'a:b', 'a\nb', 'a\rb', 'a\tb', '-rf', ' a', 'a ', 'a.',
               'a"b', 'a*', 'a?', 'a|b', 'a<b', 'a>b', 'a\u202egpj.exe', 'a\u2066b', 'a\u200bb',
               'a\u200db', 'a\u{e0061}b', 'a\ufe0f', 'a\u00adb', 'a\u0085b', 'a\u2028b', 'a\x7f',
               'a\x1bb', '\ufeffa', 'a\ue000', 'a\uffff', 'x'.repeat(256), '\u00e4'.repeat(128),
               'x'.repeat(2560)];
const names = NAMES.flatMap((name) => {
    const brief = `a name ${JSON.stringify(name).slice(0, 24)}`;
    const rows = [upload(brief, 'x', '400 invalid_field name', 'text/csv',
                         `ana POST /api/files?name=${encodeURIComponent(name)}`)];
    // Others can not stand in a part's header like this.
    if (!/["\n\r\\]/.test(name))
        rows.push(sent(`${brief} in a form`, form([file(name)]), '400 invalid_field name'));
    return rows;
});
const nul = upload('a name with NUL', 'x', '400 bad_request', 'text/csv',
                   'ana POST /api/files?name=a%00.csv');

const like = (name, body, expected) => upload(
    `${name} of ${JSON.stringify(body.toString('latin1').slice(0, 12))}`, body, expected,
    'application/octet-stream', `ana POST /api/files?name=${name}`);
const ZIP = 'PK\x03\x04';
const magic = [
    ...['a.xlsx', 'A.XLSX', 'a.parquet'].flatMap((name) => ['a,b\n1,2\n', 'MZ', '\x7fELF', '%PDF',
        '<svg onload=alert(1)>', 'P', 'PK', ` ${ZIP}`].map((body) => (
        like(name, Buffer.from(body, 'latin1'), '422 not_acceptable file')))),
    like('a.parquet', Buffer.from(ZIP, 'latin1'), '422 not_acceptable file'),
    like('a.xlsx', Buffer.from('PAR1'), '422 not_acceptable file'),
];

// Kept as they came: nothing of ours opens them.
const kept = [
    ['a.csv', Array.from({ length: 100000 }, (_, i) => `c${i}`).join(',')],
    ['a.csv', 'x'.repeat(3 * MIB)],
    ['a.csv', 'a,"b\n1,"2"",3\n"""'],
    ['a.csv', Buffer.from('a,b\n\xff\xfe,\xc3\n', 'latin1')],
    ['a.csv', 'a,b\0\n1,2\n'],
    ['a.csv', '=cmd|"/c calc"!A1,+1,-1,@x\n'],
    ['a.html', '<script>alert(1)</script>'],
    ['a.svg', '<svg onload="alert(1)"/>'],
    ['a.exe', 'MZ'],
    ['a.xlsx', Buffer.from(`${ZIP}${'\0'.repeat(100)}`, 'latin1')],
    ['a.tar', Buffer.alloc(1024, 'x')],
].map(([name, body]) => like(name, Buffer.from(body), '201'));

export const files = [...envelopes, ...boundaries, ...forms, ...names, nul, ...magic, ...kept];
