// One person (or one token) at the api, as a browser or an agent would be.

/** Answers are {status, headers, body, text}: body is parsed when it is JSON. */
export class Client {
    constructor(url, { token = null } = {}) {
        Object.assign(this, { url, token, cookie: null, csrf: null, person: null });
    }

    async signIn(linkToken) {
        const answer = await this.post('/api/login', { link_token: linkToken });
        if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${answer.text}`);
        return this.remember(answer);
    }

    async signInWithPassword(login, password) {
        const answer = await this.post('/api/login', { login, password });
        return answer.status === 200 ? this.remember(answer) : answer;
    }

    remember(answer) {
        this.cookie = answer.headers.get('set-cookie').split(';')[0];
        this.csrf = answer.body.csrf_token;
        this.person = answer.body.person;
        return answer;
    }

    /** Shows the password once more, which gives the session another token. */
    async confirm(password) {
        const answer = await this.post('/api/reauthenticate', { password });
        return answer.status === 200 ? this.renew(answer) : answer;
    }

    renew(answer) {
        this.cookie = answer.headers.getSetCookie().find((one) => /cs_session/.test(one))
            .split(';')[0];
        this.csrf = answer.body.csrf_token;
        return answer;
    }

    headers(more) {
        const headers = {};
        if (this.token) headers.authorization = `Bearer ${this.token}`;
        if (this.cookie) headers.cookie = this.cookie;
        if (this.csrf) headers['x-csrf-token'] = this.csrf;
        return { ...headers, ...more };
    }

    async send(method, path, { body, headers = {}, signal } = {}) {
        const answer = await fetch(this.url + path, {
            method, body, signal, headers: this.headers(headers), redirect: 'manual',
        });
        const bytes = Buffer.from(await answer.arrayBuffer());
        const type = answer.headers.get('content-type') ?? '';
        const text = bytes.toString('utf8');
        const json = /^application\/([a-z.+-]*\+)?json/.test(type);
        return {
            status: answer.status, headers: answer.headers, bytes, text,
            body: json && text ? JSON.parse(text) : null,
        };
    }

    json(method, path, body, headers) {
        return this.send(method, path, {
            body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers },
        });
    }

    get(path, headers) { return this.send('GET', path, { headers }); }
    post(path, body = {}, headers = {}) { return this.json('POST', path, body, headers); }
    put(path, body = {}, headers = {}) { return this.json('PUT', path, body, headers); }
    del(path, body = {}, headers = {}) { return this.json('DELETE', path, body, headers); }

    /** Uploads a file; the answer's body is {id, name, bytes, sha256, media_type}. */
    upload(name, content, type = 'application/octet-stream') {
        return this.send('POST', `/api/files?name=${encodeURIComponent(name)}`, {
            body: Buffer.from(content), headers: { 'content-type': type },
        });
    }

    /** The event stream: `next()` gives {id, event, data}, `until(check)` the first that fits,
     *  `close()` ends it. Heartbeats are counted in `heartbeats`. */
    async events(path = '/api/events', { lastId = null } = {}) {
        const stop = new AbortController();
        const answer = await fetch(this.url + path, {
            signal: stop.signal,
            headers: this.headers(lastId ? { 'last-event-id': lastId } : {}),
        });
        if (answer.status !== 200) throw new Error(`events: ${answer.status}`);
        return new Events(answer, stop);
    }
}

class Events {
    // The answer is kept: once it is collected as garbage, a stream that nobody reads yet ends.
    constructor(answer, stop) {
        Object.assign(this, { answer, stop, heartbeats: 0, lastId: null });
        this.parts = this.read(answer.body);
    }

    async *read(stream) {
        let text = '';
        const decoder = new TextDecoder();
        for await (const part of stream) {
            text += decoder.decode(part, { stream: true });
            const blocks = text.split('\n\n');
            text = blocks.pop();
            for (const block of blocks) {
                const event = this.parse(block);
                if (event) yield event;
            }
        }
    }

    parse(block) {
        const event = { event: 'message', data: '' };
        for (const line of block.split('\n')) {
            const [, field, value] = /^([a-z]*): ?(.*)$/.exec(line) ?? [null, null, null];
            if (field === '') this.heartbeats++;
            else if (field) event[field] = value;
        }
        if (event.id) this.lastId = event.id;
        if (!event.data && event.event === 'message') return null;
        try { event.data = JSON.parse(event.data); } catch { /* some events carry none */ }
        return event;
    }

    async next() {
        return (await this.parts.next()).value;
    }

    async until(check) {
        for (;;) {
            const event = await this.next();
            if (!event) throw new Error('the event stream ended');
            if (check(event)) return event;
        }
    }

    close() {
        this.stop.abort();
    }
}
