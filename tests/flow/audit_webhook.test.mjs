// SEAL_WEBHOOK_URL, with a real server over TLS: each head once and in order, again until it is
// taken, and sealing waits for nobody.
import assert from 'node:assert/strict';
import * as fs from 'node:fs/promises';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { makeCertificates } from '../fake/authority.mjs';
import { openJobs } from './jobs.mjs';
import { startStack, until } from './stack.mjs';

let stack;
let jobs;
let server;
let certificates;
const got = []; // {head, status} of each call
let answers = () => 204; // a status, or nothing: then the call is left waiting

before(async () => {
    certificates = makeCertificates();
    server = https.createServer(certificates.servers.good, (request, response) => {
        let body = '';
        request.on('data', (part) => { body += part; });
        request.on('end', () => {
            const status = answers();
            got.push({ ...JSON.parse(body), status, type: request.headers['content-type'] });
            if (status) response.writeHead(status).end();
        });
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    stack = await startStack({ workers: 0, env: { CA_FILE: certificates.caFile,
        SEAL_WEBHOOK_URL: `https://127.0.0.1:${server.address().port}/heads` } });
    jobs = await openJobs(stack);
});
after(async () => {
    await stack?.stop();
    server?.closeAllConnections();
    server?.close();
    certificates?.remove();
});

const one = async (sql) => (await stack.psql('superuser', sql))[0].n;
// The file is not there before the first.
const heads = async () => (await fs.readFile(stack.state.files.SEAL_HEADS_FILE, 'utf8')
    .catch(() => '')).split('\n').filter(Boolean);
const taken = () => got.filter(({ status }) => status === 204).map(({ head }) => head);
const allTaken = () => until(async () => (await heads()).at(-1) === taken().at(-1), 'all heads');

/** A request, and the seal over it with its head in the file. */
async function seal() {
    const count = (await heads()).length;
    await jobs.submit('print(1)');
    await until(async () => (await heads()).length > count, 'another head');
}

test('each head comes once, in order, as the file has it', async () => {
    for (let n = 0; n < 3; n++) await seal();
    await allTaken();
    assert.deepEqual(taken(), await heads());
    assert.ok(got.every(({ type }) => type === 'application/json'));
});

test('what is refused, or not answered, comes again before the next; seals go on', async () => {
    let left = [404, 302, undefined];
    answers = () => 500;
    const begin = got.length;
    await seal();
    const first = (await heads()).length;
    await until(() => got.length > begin, 'the first call');
    await seal(); // while its head is refused
    assert.deepEqual(taken().length, first - 1);
    answers = () => (left.length ? left.shift() : 204);
    await until(() => got.length >= begin + 4, 'four calls');
    assert.deepEqual(got.slice(begin, begin + 4).map(({ head }) => head),
                     Array(4).fill((await heads())[first - 1]));
    await seal();
    await allTaken();
    assert.deepEqual(taken(), await heads());
    assert.match(await stack.log('api'), /"event":"seal.webhook".*"status":500/);
});

test('a server that holds a call holds up no seal, nor the end of the api', async () => {
    answers = () => undefined;
    const begin = got.length;
    await seal();
    await until(() => got.length > begin, 'the call');
    await seal();
    await seal();
    await stack.halt('api');
    answers = () => 204;
    await stack.start('api');
    await allTaken();
    assert.deepEqual(taken(), await heads(), 'what waited is told after the start, once');
});

test('an api that gets an address later begins with the newest head', async () => {
    await stack.halt('api');
    await stack.psql('superuser', 'delete from cs.head_sent');
    const before = taken().length;
    await stack.start('api');
    await seal();
    await allTaken();
    assert.deepEqual(taken().slice(before), (await heads()).slice(before - 1));
    const last = (await heads()).length;
    await until(async () => await one('select n::int from cs.head_sent') === last,
        'the note of it');
});
