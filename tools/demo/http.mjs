// A person's session with the api, as the page has one: cookie, CSRF token, event stream.
import http from 'node:http';

export class HttpError extends Error {
    constructor(status, error, what) {
        super(`${what}: ${status} ${error?.code ?? ''} ${error?.message ?? ''}`);
        this.status = status;
        this.code = error?.code;
        this.field = error?.field;
        this.text = error?.message;
    }
}

/** One HTTP call; resolves with {status, headers, bytes}. */
function exchange(url, { method = 'GET', headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
        const call = http.request(url, { method, headers, agent: false }, (answer) => {
            const parts = [];
            answer.on('data', (part) => parts.push(part));
            answer.on('error', reject);
            answer.on('end', () =>
                resolve({ status: answer.statusCode, headers: answer.headers,
                          bytes: Buffer.concat(parts) }));
        });
        call.on('error', reject);
        if (body !== undefined) call.setHeader('Content-Length', Buffer.byteLength(body));
        call.end(body);
    });
}

export class Session {
    constructor(url) {
        this.url = url;
        this.headers = {};
    }

    /** Opens a one-time link as the page does: its fragment is POSTed. */
    static async fromLink(url, link) {
        const session = new Session(url);
        const answer = await session.exchange('POST', '/api/login', {
            json: { link_token: new URL(link).hash.slice(1) },
        });
        const cookie = answer.headers['set-cookie'][0].split(';')[0];
        session.me = JSON.parse(answer.bytes);
        session.cookieName = cookie.split('=')[0];
        session.headers = { Cookie: cookie, 'X-CSRF-Token': session.me.csrf_token };
        return session;
    }

    /** Throws HttpError for everything but 2xx. */
    async exchange(method, path, { json, body, type } = {}) {
        const headers = { ...this.headers };
        if (method !== 'GET') headers.Origin = this.url;
        if (json !== undefined) [body, type] = [JSON.stringify(json), 'application/json'];
        if (type) headers['Content-Type'] = type;
        const answer = await exchange(this.url + path, { method, headers, body });
        if (answer.status >= 200 && answer.status < 300) return answer;
        let error;
        try {
            error = JSON.parse(answer.bytes).error;
        } catch {
            error = { message: answer.bytes.toString('utf8', 0, 200) };
        }
        throw new HttpError(answer.status, error, `${method} ${path}`);
    }

    async get(path) {
        return JSON.parse((await this.exchange('GET', path)).bytes);
    }

    async bytes(path) {
        return (await this.exchange('GET', path)).bytes;
    }

    async post(path, json) {
        const answer = await this.exchange('POST', path, { json });
        return answer.bytes.length ? JSON.parse(answer.bytes) : null;
    }

    async upload(name, body) {
        const path = `/api/files?name=${encodeURIComponent(name)}`;
        const type = 'application/octet-stream';
        const answer = await this.exchange('POST', path, { body, type });
        return JSON.parse(answer.bytes);
    }

    /** Follows an event stream: `told({id, event, data})` for each; resolves, once
     *  connected, with a function that ends it. */
    follow(path, told) {
        return new Promise((resolve, reject) => {
            const headers = { ...this.headers, Accept: 'text/event-stream' };
            const call = http.get(this.url + path, { headers, agent: false }, (answer) => {
                if (answer.statusCode !== 200) {
                    call.destroy();
                    reject(new HttpError(answer.statusCode, null, `GET ${path}`));
                    return;
                }
                let text = '';
                answer.setEncoding('utf8');
                answer.on('data', (part) => {
                    const blocks = (text + part).split('\n\n');
                    text = blocks.pop();
                    for (const block of blocks) tell(block, told);
                });
                answer.on('error', () => {});
                resolve(() => call.destroy());
            });
            call.on('error', reject);
        });
    }
}

function tell(block, told) {
    const event = { event: 'message', data: '' };
    for (const line of block.split('\n')) {
        const [, field, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
        if (field) event[field] = value;
    }
    if (event.data) told({ ...event, data: JSON.parse(event.data) });
}
