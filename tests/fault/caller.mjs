// People and agents at the api who do not give up: they repeat what got no answer with the same
// Idempotency-Key, and keep a log of their own of everything that was acknowledged to them.

const PATIENCE_MS = 60000; // without an answer for so long, it hangs
const ANSWER_MS = 30000;
const PAUSE_MS = 40;
/** Nothing happened, say these; see docs/api.md. */
const NOT_DONE = ['unavailable', 'busy'];

const pause = () => new Promise((done) => setTimeout(done, PAUSE_MS));

/** What all callers of one trial have in common: the log, and what must not be. */
export class Journal {
    constructor() {
        this.acknowledged = []; // {at, what, ...}
        this.refused = []; // marks of which the api said that nothing was done
        this.wrong = []; // texts
        this.tries = { lost: 0, busy: 0 };
    }

    acknowledge(what, about) {
        this.acknowledged.push({ at: Date.now(), what, ...about });
    }
}

export class Caller {
    /** `session`: the headers of who is signed in, instead of a token. */
    constructor(url, token, journal, { id, session } = {}) {
        Object.assign(this, { url, token, journal, id, session });
    }

    async once(method, path, body, key) {
        const headers = { ...this.session };
        if (this.token) headers.authorization = `Bearer ${this.token}`;
        if (body) headers['content-type'] = 'application/json';
        if (key) headers['idempotency-key'] = `"${key}"`;
        const answer = await fetch(this.url + path, {
            method, headers, body: body && JSON.stringify(body),
            signal: AbortSignal.timeout(ANSWER_MS),
        });
        const text = await answer.text();
        return { status: answer.status, body: text ? JSON.parse(text) : null };
    }

    // null when there was no answer; that is no fault of the api's as long as it comes back.
    async try(method, path, body, key) {
        try {
            return await this.once(method, path, body, key);
        } catch (error) {
            if (error.name === 'TimeoutError')
                this.journal.wrong.push(`I15: no answer for ${ANSWER_MS} ms: ${method} ${path}`);
            this.journal.tries.lost++;
            return null;
        }
    }

    passes(answer) {
        if (!answer) return true;
        if (answer.status === 503) this.journal.tries.busy++;
        return answer.status === 503 || answer.status === 429
            || answer.body?.error?.code === 'idempotency_in_flight';
    }

    /** The answer at last: {status, body}. With `mark`, 'not done' ends it; it is believed as long
     *  as no try before may have done something. */
    async ask(method, path, { body, key, mark } = {}) {
        const began = performance.now();
        for (let open = false; ;) {
            const answer = await this.try(method, path, body, key);
            if (answer?.status === 500)
                this.journal.wrong.push(`500: ${method} ${path} ${JSON.stringify(answer.body)}`);
            if (!this.passes(answer)) return answer;
            const undone = NOT_DONE.includes(answer?.body?.error?.code);
            open ||= !undone;
            if (mark && undone && !open) {
                this.journal.refused.push(mark);
                return answer;
            }
            if (performance.now() - began > PATIENCE_MS)
                throw new Error(`hung: ${method} ${path}`);
            await pause();
        }
    }

    get(path) {
        return this.ask('GET', path);
    }

    post(path, body, key) {
        return this.ask('POST', path, { body, key });
    }
}
