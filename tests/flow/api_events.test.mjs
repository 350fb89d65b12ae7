// Long polls and event streams: woken at once, resumed without loss, honest about gaps.
import test, { before, after } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Session } from './session.mjs';
import { startStack, until } from './stack.mjs';

let stack;
let ana;
let rob;
let adm;

before(async () => {
    stack = await startStack({ workers: 0, env: { MAX_STREAMS_PER_PERSON: '8' } });
    await stack.people({ ana: ['analyst'], bea: ['analyst'], rob: ['reviewer'], adm: ['admin'] });
    await stack.operator('team', 'add', 'other');
    await stack.operator('person', 'add', 'oto', '--team', 'other', '--role', 'reviewer');
    [ana, rob, adm] = [await stack.signIn('ana'), await stack.signIn('rob'),
                       await stack.signIn('adm')];
});
after(() => stack?.stop());

const submit = async (who = ana) => (
    (await who.post('/api/requests', { language: 'python', code: 'print(1)' })).body);
const cancel = (request, who = ana) => who.post(`/api/requests/${request.id}/cancel`);
const reject = (request, note = 'no') => rob.post(`/api/requests/${request.id}/decisions`, {
    verdict: 'reject', note, revision: 1, bundle_sha256: request.bundle_sha256 });

async function gauge(name) {
    const text = await (await fetch(`${stack.url}/metrics`)).text();
    return Number(new RegExp(`^countersign_${name} (\\d+)$`, 'm').exec(text)[1]);
}

const parked = (n) => until(async () => await gauge('polls_parked') === n, `${n} parked polls`);

test('a poll waits for the decision and is woken by it', async () => {
    const request = await submit();
    const poll = ana.get(`/api/requests/${request.id}?wait=60&until=decision`);
    await parked(1);
    await reject(request);
    const answer = await poll;
    assert.equal(answer.status, 200);
    assert.equal(answer.body.state, 'rejected');
    await parked(0);
});

test('a poll whose time is over answers what is there', async () => {
    const request = await submit();
    const answer = await ana.get(`/api/requests/${request.id}?wait=1&until=done`);
    assert.deepEqual([answer.status, answer.body.state], [200, 'pending']);
});

test('a poll for what is over already answers at once', async () => {
    const request = await submit();
    await cancel(request);
    const answer = await ana.get(`/api/requests/${request.id}?wait=300&until=done`);
    assert.equal(answer.body.state, 'cancelled');
    assert.equal((await ana.get(`/api/requests/${request.id}?wait=0`)).status, 200);
});

test('an approval ends the poll for a decision, not the one for the end', async () => {
    const request = await submit();
    const decision = ana.get(`/api/requests/${request.id}?wait=60&until=decision`);
    const done = ana.get(`/api/requests/${request.id}?wait=60&until=done`);
    await parked(2);
    await rob.post(`/api/requests/${request.id}/decisions`, {
        verdict: 'approve', revision: 1, bundle_sha256: request.bundle_sha256 });
    assert.equal((await decision).body.state, 'approved');
    await parked(1);
    await cancel(request);
    assert.equal((await done).body.state, 'cancelled');
});

test('a poll is asked for its rights again when it wakes', async () => {
    const bea = await stack.signIn('bea');
    const request = await submit(bea);
    const poll = bea.get(`/api/requests/${request.id}?wait=60&until=done`);
    await parked(1);
    await stack.psql('superuser', `update cs.session set revoked_at = now() where person_id =
        (select id from cs.person where login = 'bea')`);
    await reject(request);
    assert.equal((await poll).status, 401);
});

test('many polls for many requests each get their own answer', async () => {
    await stack.restart('api', { MAX_STREAMS_PER_PERSON: '1000' });
    const requests = await Promise.all(Array.from({ length: 50 }, () => submit()));
    const polls = requests.flatMap((request) => [1, 2].map(
        () => ana.get(`/api/requests/${request.id}?wait=60&until=done`)));
    await parked(100);
    assert.equal((await fetch(`${stack.url}/healthz`)).status, 200, 'no thread is held');
    await Promise.all(requests.map((request) => cancel(request)));
    const answers = await Promise.all(polls);
    assert.deepEqual(answers.map((a) => a.body.id), requests.flatMap((r) => [r.id, r.id]));
    assert.ok(answers.every((a) => a.body.state === 'cancelled'));
    await stack.restart('api', { MAX_STREAMS_PER_PERSON: '8' });
});

test('an event stream tells who may see it, and nobody else', async () => {
    const [bea, oto] = [await stack.signIn('bea'), await stack.signIn('oto')];
    const people = { ana, rob, adm, bea, oto };
    const streams = {};
    for (const [name, who] of Object.entries(people)) streams[name] = await who.events();
    const request = await submit();
    for (const name of ['ana', 'rob', 'adm']) {
        const event = await streams[name].until((one) => one.event === 'request');
        assert.equal(event.data.id, request.id);
        assert.equal(event.data.state, 'pending');
        assert.match(event.id, /^\d+-\d+$/);
        assert.deepEqual(Object.keys(event.data).sort(), ['at', 'id', 'revision', 'state', 'what']);
    }
    const own = await submit(people.bea);
    assert.equal((await streams.bea.next()).data.id, own.id, 'the first that bea hears is her own');
    const quiet = await Promise.race([streams.oto.next(), reject(own).then(() => 'nothing')]);
    assert.equal(quiet, 'nothing');
    for (const stream of Object.values(streams)) stream.close();
});

test('the stream of one request tells of that one alone', async () => {
    const [one, two] = [await submit(), await submit()];
    const stream = await ana.events(`/api/requests/${two.id}/events`);
    await cancel(one);
    await cancel(two);
    const event = await stream.next();
    assert.deepEqual([event.data.id, event.data.state], [two.id, 'cancelled']);
    stream.close();
    await assert.rejects(ana.events('/api/requests/999999/events'), /404/);
});

test('Last-Event-ID resumes behind it, once each, in order', async () => {
    const stream = await ana.events();
    const first = await submit();
    const begin = await stream.until((one) => one.data.id === first.id);
    stream.close();
    const missed = [];
    for (let i = 0; i < 20; i++) missed.push((await submit()).id);
    const resumed = await ana.events('/api/events', { lastId: begin.id });
    const live = await submit();
    const heard = [];
    while (heard.at(-1) !== live.id) {
        const event = await resumed.next();
        assert.equal(event.event, 'request');
        heard.push(event.data.id);
    }
    assert.deepEqual(heard, [...missed, live.id]);
    resumed.close();
});

test('what PostgreSQL knows before Redis does is told once', async () => {
    const requests = [];
    for (let i = 0; i < 12; i++) requests.push(await submit());
    const last = await submit();
    const stream = await ana.events();
    for (const { id } of requests) {
        await stack.psql('api', `select cs.cancel_requests(jsonb_build_array(jsonb_build_object(
            'id', ${id}, 'actor', jsonb_build_object('person_id', ${ana.person.id}))))`);
        await setTimeout(700); // how late the announcement is: several looks at PostgreSQL fall in
        await stack.redis('xadd', 'events', '*', 'event', JSON.stringify({
            id, state: 'cancelled', what: 'request.cancel', author_id: ana.person.id }));
    }
    await cancel(last);
    const heard = [];
    while (heard.at(-1) !== last.id) heard.push((await stream.next()).data.id);
    assert.deepEqual(heard, [...requests, last].map((request) => request.id));
    stream.close();
});

test('a gap that can not be filled is said', async () => {
    for (const lastId of ['1-1', 'nonsense', '99999999999999-0', "0-0' or 1"]) {
        const stream = await ana.events('/api/events', { lastId });
        assert.equal((await stream.next()).event, 'reset', lastId);
        const request = await submit();
        assert.equal((await stream.until((one) => one.event === 'request')).data.id, request.id);
        stream.close();
    }
    const begin = await ana.events();
    await submit();
    const { id } = await begin.next();
    begin.close();
    await stack.redis('flushall');
    const after_ = await ana.events('/api/events', { lastId: id });
    assert.equal((await after_.next()).event, 'reset');
    after_.close();
});

// The first event that Redis carries again; closes the stream.
async function redisComesBack(stream) {
    await stack.start('redis');
    await stream.until((one) => one.event === 'reset');
    const back = await submit();
    const event = await stream.until((one) => one.event === 'request' && one.data.id === back.id
        && one.id);
    stream.close();
    return event;
}

test('with Redis away polls and streams go on, with PostgreSQL alone', async () => {
    const stream = await ana.events();
    await stack.kill('redis');
    const request = await submit();
    assert.ok(request.id, 'a submission needs no Redis');
    await stream.until((one) => one.event === 'request' && one.data.id === request.id);
    const poll = ana.get(`/api/requests/${request.id}?wait=60&until=decision`);
    await parked(1);
    await stack.psql('api', `select cs.cancel_requests(jsonb_build_array(jsonb_build_object('id',
        ${request.id}, 'actor', jsonb_build_object('person_id', ${ana.person.id}))))`);
    assert.equal((await poll).body.state, 'cancelled', 'though another process did it');
    assert.match((await redisComesBack(stream)).id, /^\d+-\d+$/);
});

test('with Redis away, a change that commits late is told, and each only once', async (t) => {
    await stack.kill('redis');
    const stream = await ana.events();
    const item = (key) => `jsonb_build_array(jsonb_build_object('actor', jsonb_build_object(
        'person_id', ${ana.person.id}), 'title', '${key}', 'language', 'python', 'code', 'x',
        'verdict', '{"level": "none", "policy_version": 1}',
        'files', '[]'::jsonb, 'max_limits', '{"wall_ms": 1000, "memory_bytes": 99999999, "pids": 4,
        "output_bytes": 1024, "files": 1, "file_bytes": 1024, "cpu_ms": 100,
        "tmp_bytes": 1048576}'::jsonb, 'backend', 'local', 'image',
        'i', 'approval_seconds', 60, 'pending_seconds', 600, 'max_waiting', 1000000))`;
    const slow = new Session(stack);
    t.after(() => slow.end());
    await slow.run('begin');
    const [late] = await slow.run(
        `select result ->> 'id' as id from cs.submit_requests(${item('late')})`);
    const told = [];
    const tellUntil = (id) => stream.until((one) => {
        if (one.event === 'request') told.push(`${one.data.id} ${one.data.what}`);
        return one.event === 'request' && one.data.id === Number(id);
    });
    const first = await submit();
    assert.ok(first.id > Number(late), 'the later id commits first');
    await tellUntil(first.id);
    await slow.run('commit');
    const last = await submit();
    await tellUntil(last.id);
    const ours = told.filter((one) => Number(one.split(' ')[0]) >= Number(late));
    assert.deepEqual(ours, [first.id, late, last.id].map((id) => `${id} request.submit`));
    await redisComesBack(stream);
});

test('with Redis hung, streams that resume hold nobody else up', async () => {
    const begin = await ana.events();
    await submit();
    const { id } = await begin.next();
    begin.close();
    const bea = await stack.signIn('bea');
    await until(async () => await gauge('event_streams') === 0, 'the places of earlier streams');
    process.kill(stack.pid('redis'), 'SIGSTOP');
    try {
        let opened = 0;
        const streams = [ana, rob, adm, bea].flatMap((who) => Array.from({ length: 6 },
            () => who.events('/api/events', { lastId: id }).finally(() => { opened++; })));
        await until(() => opened >= 16, 'as many streams as there are handlers');
        const me = await ana.send('GET', '/api/me', { signal: AbortSignal.timeout(6000) });
        assert.equal(me.status, 200);
        for (const stream of await Promise.all(streams)) {
            assert.equal((await stream.next()).event, 'reset');
            stream.close();
        }
    } finally {
        process.kill(stack.pid('redis'), 'SIGCONT');
    }
    await until(async () => {
        await cancel(await submit());
        return await gauge('event_streams') === 0;
    }, 'the places');
});

// Proves: T1
test('what somebody forges into Redis wakes, but tells nothing', async () => {
    const stream = await adm.events();
    for (const event of ['{}', 'null', '[1]', 'not json', '{"id":"x"}', '{"id":-1,"state":7}',
                         '{"id":1,"state":"succeeded","html":"<b>"}'])
        await stack.redis('xadd', 'events', '*', 'event', event);
    await stack.redis('xadd', 'events', '*', 'other', 'x');
    await stack.redis('set', 'unrelated', 'x');
    const request = await submit();
    const event = await stream.until((one) => one.data.id === request.id);
    assert.equal(event.data.state, 'pending');
    stream.close();
    const poll = ana.get(`/api/requests/${request.id}?wait=60&until=done`);
    await parked(1);
    await stack.redis('xadd', 'events', '*', 'event',
                      JSON.stringify({ id: request.id, state: 'succeeded' }));
    await submit();
    await parked(1);
    await cancel(request);
    assert.equal((await poll).body.state, 'cancelled');
});

test('a person has so many places and no more', async () => {
    const streams = [];
    for (let i = 0; i < 8; i++) streams.push(await rob.events());
    const ninth = await rob.get('/api/events');
    assert.deepEqual([ninth.status, ninth.body.error.code], [429, 'throttled']);
    const request = await submit();
    const poll = await rob.get(`/api/requests/${request.id}?wait=5&until=done`);
    assert.equal(poll.status, 429);
    for (const stream of streams) stream.close();
    // A stream whose reader left is noticed with the next thing that is written to it.
    await until(async () => {
        await cancel(await submit());
        return await gauge('event_streams') === 0;
    }, 'the places');
    const free = await rob.events();
    free.close();
});

test('a poll whose client left gives its place back', async () => {
    const request = await submit();
    const stop = new AbortController();
    const poll = fetch(`${stack.url}/api/requests/${request.id}?wait=300&until=done`, {
        headers: ana.headers({}), signal: stop.signal }).catch(() => 'left');
    await parked(1);
    stop.abort();
    assert.equal(await poll, 'left');
    await parked(0);
});

test('what happens at once is told whole, once each, in order', async () => {
    const stream = await ana.events();
    const requests = Array.from({ length: 40 }, () => ({ language: 'python', code: 'print(1)' }));
    const { results } = (await ana.post('/api/requests:batch', { requests })).body;
    for (const { body } of results) assert.equal((await stream.next()).data.id, body.id);
    const after = await ana.events(); // what was announced before is not for this one
    const last = await submit();
    assert.equal((await after.next()).data.id, last.id);
    assert.equal((await stream.next()).data.id, last.id);
    stream.close();
    after.close();
});

// Proves: V7.4.1 V7.4.2 V7.4.3 V8.3.2
// Opens a stream and says when it has ended.
async function listen(client, path) {
    const stream = await client.events(path);
    const heard = { ended: false, stop: () => stream.close() };
    (async () => {
        while (await stream.next());
    })().catch(() => undefined).finally(() => { heard.ended = true; });
    return heard;
}

const personal = (set) => (login) => stack.psql('superuser',
    `update cs.person set ${set} where login = '${login}'`);
const their = (doing) => (login) => stack.psql('superuser',
    `${doing} where person_id = (select id from cs.person where login = '${login}')`);
const everySession = (set) => their(`update cs.session set ${set}`);
const everyToken = (set) => their(`update cs.api_token set ${set}`);
const ENDS = [
    ['a stream ends when its session is revoked elsewhere', everySession('revoked_at = now()')],
    ['a stream ends when its session has ended by age', everySession('expires_at = now()')],
    ['a stream ends when its person is disabled',
     (login) => stack.operator('person', 'disable', login)],
    ['a stream ends when its person has other roles', personal("roles = '{analyst}'")],
    ['a stream ends when its person has left the team', their('delete from cs.team_member')],
    ['a stream ends when its person sets a password elsewhere', async (login) => {
        await (await stack.signIn(login)).post('/api/password', { password: 'long enough' });
    }],
    ['a stream ends when its token is revoked', everyToken('revoked_at = now()'), 'token'],
    ['a stream ends when its token has ended by age', everyToken('expires_at = now()'), 'token'],
    ['a stream ends when its token no longer reads', everyToken("scopes = '{submit}'"), 'token'],
];
for (const [n, [what, change, by]] of ENDS.entries())
    test(what, async () => {
        const login = `end${n}`;
        await stack.operator('person', 'add', login, '--team', 'data', '--role', 'reviewer');
        const other = await listen(adm);
        const client = by === 'token' ? stack.client((await stack.operator('token', 'create',
            login, '--scope', 'read')).split(/\s+/).at(-1)) : await stack.signIn(login);
        const { body: request } = await ana.post('/api/requests',
                                                 { language: 'python', code: 'print(1)' });
        const streams = [await listen(client),
                         await listen(client, `/api/requests/${request.id}/events`)];
        await change(login);
        const over = until(() => streams.every(({ ended }) => ended));
        assert.equal(await over.catch(() => 'not at all'), true, 'the streams end');
        assert.equal(other.ended, false, 'nobody else notices');
        other.stop();
    });

test('signing out ends the streams of that session', async () => {
    const bea = await stack.signIn('bea');
    const stream = await bea.events();
    await bea.post('/api/logout');
    assert.equal(await stream.next(), undefined);
});

test('SIGTERM answers polls, ends streams, and exits well', async () => {
    const request = await submit();
    const poll = ana.get(`/api/requests/${request.id}?wait=300&until=done`);
    const stream = await adm.events();
    await parked(1);
    process.kill(stack.pid('api'), 'SIGTERM');
    const answer = await poll;
    assert.deepEqual([answer.status, answer.body.state], [200, 'pending']);
    await stream.until(() => false).catch((error) => assert.match(error.message, /ended/));
    assert.equal((await stack.end('api')).code, 0);
});
