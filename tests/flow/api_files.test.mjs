// Uploads: streamed, bounded, named safely, kept whole or not at all.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { startStack, until } from './stack.mjs';
import { sendRaw, head, censusOf } from './raw.mjs';

const MIB = 1048576;
let stack;
let ana;

before(async () => {
    stack = await startStack({ workers: 0, env: { MAX_UPLOAD_BYTES: String(4 * MIB) } });
    await stack.people({ ana: ['analyst'] });
    ana = await stack.signIn('ana');
});
after(() => stack?.stop());

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const result = (answer) => [answer.status, answer.body?.error?.code, answer.body?.error?.field];

function form(parts, { boundary = 'xYzZy', end = `\r\n--${boundary}--\r\n` } = {}) {
    return Buffer.concat([...parts.flatMap(([head, body], i) => [
        Buffer.from(`${i ? '\r\n' : ''}--${boundary}\r\n${head}\r\n\r\n`), Buffer.from(body)]),
        Buffer.from(end)]);
}

const file = (name, body = 'a,b\n1,2\n', field = 'file') => (
    [`Content-Disposition: form-data; name="${field}"; filename="${name}"`, body]);

function sendForm(body, type = 'multipart/form-data; boundary=xYzZy', path = '/api/files') {
    return ana.send('POST', path, { body, headers: { 'content-type': type } });
}

test('bytes of every size come back as they were', async () => {
    for (const size of [1, 2, 65535, MIB - 1, MIB, MIB + 1, 2 * MIB, 3.5 * MIB, 4 * MIB]) {
        const bytes = randomBytes(size);
        const answer = await ana.upload(`${size}.bin`, bytes);
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual([answer.body.bytes, answer.body.sha256], [size, sha256(bytes)]);
        const back = await ana.get(`/api/files/${answer.body.id}`);
        assert.equal(back.headers.get('content-length'), String(size));
        assert.equal(sha256(back.bytes), sha256(bytes));
        assert.equal(back.headers.get('etag'), `"${sha256(bytes)}"`);
    }
});

test('a form with one file does the same', async () => {
    for (const size of [1, 4096, MIB, MIB + 77, 3 * MIB]) {
        const bytes = randomBytes(size);
        const answer = await sendForm(form([file('f\u00fcr alle.csv', bytes)]));
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual([answer.body.name, answer.body.bytes, answer.body.sha256],
                         ['f\u00fcr alle.csv', size, sha256(bytes)]);
    }
    const real = new FormData();
    real.set('file', new Blob(['a\n1\n']), 'real.csv');
    const answer = await ana.send('POST', '/api/files', { body: real });
    assert.equal(answer.status, 201, answer.text);
});

test('the kind of a file is told by its name, and its first bytes must fit', async () => {
    for (const [name, content, type] of [
        ['a.csv', 'x', 'text/csv'], ['A.CSV', 'x', 'text/csv'],
        ['a.json', '{}', 'application/json'],
        ['a.tsv', 'x', 'text/tab-separated-values'], ['a.html', '<b>', 'application/octet-stream'],
        ['a', 'x', 'application/octet-stream'], ['a.svg', '<svg/>', 'application/octet-stream'],
        ['a.xlsx', 'PK\x03\x04x',
         'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
    ]) {
        const answer = await ana.upload(name, content);
        assert.equal(answer.body.media_type, type, name);
        const back = await ana.get(`/api/files/${answer.body.id}`);
        assert.equal(back.headers.get('content-type'), 'application/octet-stream');
        assert.match(back.headers.get('content-disposition'), /^attachment; /);
        assert.match(back.headers.get('content-security-policy'), /^sandbox;/);
    }
    assert.deepEqual(result(await ana.upload('a.xlsx', 'a,b\n')), [422, 'not_acceptable', 'file']);
    assert.deepEqual(result(await ana.upload('a.parquet', 'a,b\n')),
                     [422, 'not_acceptable', 'file']);
});

const names = ['', '.', '..', '.htaccess', '../../x', 'a/b', 'C:\\x', 'a\\b', 'a:b', 'a\nb', 'a\tb',
               '-rf', ' a', 'a ', 'a.', 'a"b', 'a*', 'a?', 'a|b', 'a<b', 'a\u202egpj.exe',
               'a\u200bb', 'a\x7f', '\ufeffa', 'x'.repeat(256), '\u00e4'.repeat(128)];
for (const name of names)
    test(`file name ${JSON.stringify(name).slice(0, 30)}: 400`, async () => {
        assert.deepEqual(result(await ana.upload(name, 'x')), [400, 'invalid_field', 'name']);
        if (/["\n\\]/.test(name)) return; // these can not stand in a form like this
        const answer = await sendForm(form([file(name)]));
        assert.equal(answer.status, 400, answer.text);
    });

// [what, body, status, code, type?]
const PLAIN = 'Content-Disposition: form-data; name="file"; filename="a.csv"';
const forms = [
    ['no boundary', form([file('a.csv')]), 400, 'bad_request', 'multipart/form-data'],
    ['a boundary of 71 letters', form([file('a.csv')]), 400, 'bad_request',
        `multipart/form-data; boundary=${'b'.repeat(71)}`],
    ['another boundary', form([file('a.csv')]), 400, 'bad_request',
        'multipart/form-data; boundary=other'],
    ['no closing boundary', form([file('a.csv')], { end: '' }), 400, 'bad_request'],
    ['a closing boundary cut short', form([file('a.csv')], { end: '\r\n--xYzZy-' }), 400,
        'bad_request'],
    ['something behind it', form([file('a.csv')], { end: '\r\n--xYzZy--\r\nmore' }), 400,
        'bad_request'],
    ['two files', form([file('a.csv'), file('b.csv')]), 400, 'bad_request'],
    ['10,000 parts', form(Array.from({ length: 10000 }, () => file('a.csv', 'x'))), 400,
        'bad_request'],
    ['another field', form([file('a.csv', 'x', 'other')]), 400, 'unknown_field'],
    ['no file name', form([['Content-Disposition: form-data; name="file"', 'x']]), 400,
        'missing_field'],
    ['no headers', form([['X: y', 'x']]), 400, 'bad_request'],
    ['a nested form', form([[`${PLAIN}\r\nContent-Type: multipart/mixed; boundary=in`,
        '--in\r\n\r\nx\r\n--in--']]), 400, 'bad_request'],
    ['base64', form([[`${PLAIN}\r\nContent-Transfer-Encoding: base64`, 'eA==']]), 400,
        'bad_request'],
    ['huge part headers', form([[`${PLAIN}\r\nX-Y: ${'y'.repeat(5000)}`, 'x']]), 400,
        'bad_request'],
    ['an empty file', form([file('a.csv', '')]), 400, 'invalid_field'],
    ['an empty body', '', 400, 'bad_request'],
    ['a file beyond the limit', form([file('a.bin', Buffer.alloc(4 * MIB + 1))]), 413, 'too_large'],
    ['a preamble', Buffer.concat([Buffer.from('hello\r\n'), form([file('a.csv')])]), 400,
        'bad_request'],
];
for (const [what, body, status, code, type] of forms)
    test(`form: ${what}: ${status} ${code}`, async () => {
        const before_ = await censusOf(stack);
        const answer = await sendForm(body, type);
        assert.deepEqual(result(answer).slice(0, 2), [status, code], answer.text);
        assert.deepEqual(await censusOf(stack), before_);
    });

test('what an upload must bring along', async () => {
    const send = (path, type, body = 'x') => ana.send('POST', path, {
        body, headers: type ? { 'content-type': type } : {} });
    assert.deepEqual(result(await send('/api/files', 'text/csv')), [400, 'missing_field', 'name']);
    assert.deepEqual(result(await send('/api/files?name=a.csv', 'text/html')),
                     [415, 'unsupported_media_type', undefined]);
    assert.deepEqual(result(await send('/api/files?name=a.csv&x=1', 'text/csv')),
                     [400, 'unknown_field', 'x']);
    assert.deepEqual(result(await sendForm(form([file('a.csv')]), undefined,
                                           '/api/files?name=b.csv')), [400, 'bad_request', 'name']);
    assert.deepEqual(result(await ana.upload('a.csv', '')), [400, 'invalid_field', 'file']);
    const big = await ana.upload('a.bin', Buffer.alloc(5 * MIB));
    assert.deepEqual(result(big), [413, 'too_large', undefined]);
});

test('an upload of unknown length is refused before its body', async () => {
    const answer = await sendRaw(stack.url, head('POST /api/files?name=a.csv HTTP/1.1', [
        'Host: x', 'Transfer-Encoding: chunked', 'Content-Type: text/csv', `Cookie: ${ana.cookie}`,
        `X-CSRF-Token: ${ana.csrf}`]));
    assert.deepEqual([answer.status, answer.json.error.code], [411, 'length_required']);
});

test('who is not signed in is refused before the body is read', async () => {
    for (const more of [[], ['Expect: 100-continue']]) {
        const answer = await sendRaw(stack.url, head('POST /api/files?name=a.csv HTTP/1.1', [
            'Host: x', `Content-Length: ${3 * MIB}`, 'Content-Type: text/csv', ...more]));
        assert.deepEqual([answer.status, answer.json.error.code], [401, 'unauthenticated']);
    }
});

test('an upload that is cut leaves nothing behind', async () => {
    const before_ = await censusOf(stack);
    for (const part of [10, MIB + 10, 2 * MIB + 10]) {
        const { hostname, port } = new URL(stack.url);
        const socket = net.connect(port, hostname);
        socket.write(head('POST /api/files?name=cut.csv HTTP/1.1', [
            'Host: x', `Content-Length: ${3 * MIB}`, 'Content-Type: text/csv',
            `Cookie: ${ana.cookie}`, `X-CSRF-Token: ${ana.csrf}`]));
        socket.write(Buffer.alloc(part, 'x'));
        await until(async () => {
            const [{ n }] = await stack.psql('superuser',
                                             'select count(*)::int as n from cs.upload');
            return n === 1;
        }, 'the upload to begin');
        if (part > MIB)
            await until(async () => {
                const [{ n }] = await stack.psql('superuser',
                                                 'select count(*)::int as n from cs.upload_chunk');
                return n >= 1;
            }, 'its chunks');
        socket.destroy();
        await until(async () => {
            const [row] = await stack.psql('superuser', `select (select count(*) from cs.upload)
                + (select count(*) from cs.upload_chunk) = 0 as gone`);
            return row.gone;
        }, 'nothing to be left');
    }
    assert.deepEqual(await censusOf(stack), before_);
});

test('an upload that fails on the way leaves nothing behind', async () => {
    const before_ = await censusOf(stack);
    const answer = await sendForm(form([file('a.bin', Buffer.alloc(2.5 * MIB))], { end: 'cut' }));
    assert.equal(answer.status, 400);
    await until(async () => {
        const [row] = await stack.psql('superuser', `select (select count(*) from cs.upload)
            + (select count(*) from cs.upload_chunk) = 0 as gone`);
        return row.gone;
    }, 'nothing to be left');
    assert.deepEqual(await censusOf(stack), before_);
});

test('the same bytes are kept once', async () => {
    const bytes = randomBytes(1000);
    const [one, two] = [await ana.upload('one.bin', bytes), await ana.upload('two.bin', bytes)];
    assert.notEqual(one.body.id, two.body.id);
    const [{ n }] = await stack.psql('superuser',
        `select count(*)::int as n from cs.blob where sha256 = '\\x${sha256(bytes)}'`);
    assert.equal(n, 1);
});
