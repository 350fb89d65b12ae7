// What people do in a trial: each story is one request, or a call of several, from its submission
// to its end, in the words of the api. Which follow from the seed, and so do their authors.
import { until } from '../flow/stack.mjs';

const DONE = ['succeeded', 'failed', 'cancelled', 'expired', 'rejected', 'outcome_unknown'];
const BALLAST = 50; // rows of one call, the most there are
const LOOK_MS = 100;
const GRAVE = 'eval("6 * 7")'; // the one thing that the rules of a stage find

/** One trial's people, and marks that tell its requests from all others. */
export class Cast {
    constructor({ seed, random, journal, authors, reviewers, admin, login }) {
        Object.assign(this, { seed, random, journal, authors, reviewers, admin, login });
        this.count = 0;
        this.ended = 0;
        this.again = new Map(); // mark → how often it may start more than once
    }

    mark() {
        return `t${this.seed}-${++this.count}`;
    }

    author() { return this.random.pick(this.authors); }
    reviewer() { return this.random.pick(this.reviewers); }

    submission(mark, { mode = '', sandbox, retry = false, work = 'print(6 * 7)', code } = {}) {
        return {
            language: 'python', title: mark, retry_safe: retry, ...sandbox && { sandbox },
            code: code ?? `# ${mark} ${mode}\n${work}\n`,
            ...mode === 'flood' && { limits: { output_bytes: 1024 } },
        };
    }

    said(answer, status, what) {
        if (answer.status === status) return answer.body;
        throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }

    made(body, mark, author) {
        this.journal.acknowledge('submit', { id: body.id, revision: body.revision, mark,
            bundle: body.bundle_sha256, author: author.id });
        return { ...body, author, mark };
    }

    // When the api says that nothing was done, another one with a mark of its own takes its place,
    // and nothing may ever be found of the first.
    async submit(options = {}, author = this.author()) {
        for (;;) {
            const mark = this.mark();
            const answer = await author.ask('POST', '/api/requests',
                { body: this.submission(mark, options), key: mark, mark });
            if (answer.status !== 503)
                return this.made(this.said(answer, 201, 'submit'), mark, author);
        }
    }

    async batch(size, author = this.author()) {
        const marks = Array.from({ length: size }, () => this.mark());
        const answer = await author.post('/api/requests:batch',
            { requests: marks.map((mark) => this.submission(mark)) }, marks[0]);
        let rows = this.said(answer, 200, 'batch').results;
        // Those that met a fault have their own 503: the same call again tells the others anew.
        while (rows.some((row) => row.status === 503))
            rows = this.said(await author.post('/api/requests:batch',
                { requests: marks.map((mark) => this.submission(mark)) }, marks[0]),
            200, 'batch again').results;
        return rows.map((row, n) => this.made(this.said(row, 201, 'row'), marks[n], author));
    }

    async decide(request, verdict = 'approve', more = {}, reviewer = this.reviewer()) {
        const key = this.random.chance(0.5) ? `d-${request.mark}-${this.mark()}` : undefined;
        const body = this.said(await reviewer.post(`/api/requests/${request.id}/decisions`, {
            verdict, revision: request.revision, bundle_sha256: request.bundle_sha256,
            undo_seconds: 0, ...verdict === 'approve' ? {} : { note: 'no' }, ...more,
        }, key), 200, verdict);
        this.journal.acknowledge('decide', { id: request.id, decision: body.decision_id, verdict,
            revision: request.revision, reviewer: reviewer.id });
        return { ...body, reviewer };
    }

    /** An admin decides alone. */
    async breakGlass(request) {
        const { admin } = this;
        const key = `g-${request.mark}`;
        const { findings } = this.said(await admin.get(`/api/requests/${request.id}`), 200, 'read');
        const body = this.said(await admin.post(`/api/requests/${request.id}/break-glass`, {
            revision: request.revision, bundle_sha256: request.bundle_sha256, undo_seconds: 0,
            reason: 'Whatever strikes, it must run now.',
            acknowledged: findings.filter(({ level }) => level !== 'note').map(({ id }) => id),
        }, key), 200, 'break the glass');
        this.journal.acknowledge('decide', { id: request.id, decision: body.decision_id,
            verdict: 'break_glass', revision: request.revision, reviewer: admin.id });
    }

    async revise(request) {
        const mark = `${request.mark}r`;
        const { author } = request;
        const answer = await author.post(`/api/requests/${request.id}/revisions`, {
            revision: request.revision, language: 'python', title: mark,
            code: `# ${mark}\nprint(7)\n`,
        }, mark);
        const body = this.said(answer, 201, 'revise');
        this.journal.acknowledge('revise', { id: request.id, revision: body.revision,
            bundle: body.bundle_sha256 });
        return { ...request, revision: body.revision, bundle_sha256: body.bundle_sha256, mark };
    }

    /** Looks again and again; `how` is the query. */
    until(request, fits, how = '') {
        return until(async () => {
            const answer = await request.author.get(`/api/requests/${request.id}${how}`);
            const body = this.said(answer, 200, 'look');
            return fits(body) && body;
        }, `request ${request.id}`, LOOK_MS);
    }

    /** Its end, which is an acknowledgement, too. */
    async end(request) {
        const body = await this.until(request, ({ state }) => DONE.includes(state),
            '?wait=2&until=done');
        if (body.state !== 'outcome_unknown')
            this.journal.acknowledge('result', { id: request.id, state: body.state });
        return body.state;
    }

    async cancel(request) {
        const answer = await request.author.post(`/api/requests/${request.id}/cancel`, {},
            `c-${request.mark}`);
        if (answer.status === 200) this.journal.acknowledge('cancel', { id: request.id });
        else this.maybe(answer, ['wrong_state'], 'cancel');
    }

    /** A refusal that the order of things may well give. */
    maybe(answer, codes, what) {
        if (codes.includes(answer.body?.error?.code)) return;
        throw new Error(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }

    async settle(request) {
        const outcome = this.random.pick(['succeeded', 'failed']);
        const answer = await this.reviewer().post(`/api/requests/${request.id}/settle`,
            { outcome, note: 'seen' }, `s-${request.mark}`);
        if (answer.status === 200)
            this.journal.acknowledge('settle', { id: request.id, state: outcome });
        else this.maybe(answer, ['wrong_state'], 'settle');
    }
}

const stories = {
    async plain(cast) {
        const request = await cast.submit();
        await cast.decide(request);
        if (cast.random.chance(0.5)) await cast.end(request);
    },
    async batch(cast) {
        for (const request of await cast.batch(cast.random.between(2, 6))) {
            if (cast.random.chance(0.2)) await cast.cancel(request);
            else await cast.decide(request, cast.random.chance(0.8) ? 'approve' : 'reject');
        }
    },
    async reject(cast) {
        await cast.decide(await cast.submit(), 'reject');
    },
    async revise(cast) {
        const request = await cast.submit();
        if (cast.random.chance(0.5)) await cast.decide(request, 'request_changes');
        const revised = await cast.revise(request);
        const stale = await cast.reviewer().post(`/api/requests/${request.id}/decisions`,
            { verdict: 'approve', revision: request.revision, undo_seconds: 0,
              bundle_sha256: request.bundle_sha256 });
        cast.maybe(stale, ['stale'], 'approve what was revised');
        await cast.decide(revised);
    },
    async undo(cast) {
        const request = await cast.submit();
        const { reviewer } = await cast.decide(request, 'approve', { undo_seconds: 60 });
        const answer = await reviewer.post(`/api/requests/${request.id}/undo`, {},
            `u-${request.mark}`);
        cast.said(answer, 200, 'undo');
        cast.journal.acknowledge('undo', { id: request.id });
        if (cast.random.chance(0.5)) await cast.decide(request, 'approve', {}, reviewer);
        else await cast.cancel(request);
    },
    async cancel(cast) {
        const request = await cast.submit();
        if (cast.random.chance(0.5)) await cast.decide(request);
        await cast.cancel(request);
    },
    async hold(cast) {
        const request = await cast.submit({ mode: 'hold' });
        await cast.decide(request);
        await cast.until(request, ({ state, attempts }) => DONE.includes(state)
            || attempts.at(-1)?.state === 'running');
        await cast.cancel(request);
        await cast.end(request);
    },
    async flood(cast) {
        const request = await cast.submit({ mode: 'flood' });
        await cast.decide(request);
        await cast.end(request);
    },
    async lost(cast) {
        const request = await cast.submit({ mode: 'lost' });
        await cast.decide(request);
        if (await cast.end(request) === 'outcome_unknown') await cast.settle(request);
    },
    async glass(cast) {
        const request = await cast.submit({ work: GRAVE });
        await cast.breakGlass(request);
        if (cast.random.chance(0.5)) await cast.end(request);
    },
    async safe(cast) {
        await cast.decide(await cast.submit({ retry: true }));
    },
    async again(cast) {
        const request = await cast.submit();
        await cast.decide(request);
        if (await cast.end(request) === 'outcome_unknown') return;
        const answer = await request.author.post(`/api/requests/${request.id}/run-again`, {},
            `a-${request.mark}`);
        const body = cast.said(answer, 201, 'run again');
        cast.again.set(request.mark, 1);
        cast.journal.acknowledge('again', { id: body.id, of: request.id });
        await cast.decide({ ...request, ...body });
    },
    async twice(cast) {
        const author = cast.author();
        const mark = cast.mark();
        const call = { body: cast.submission(mark), key: mark };
        const both = await Promise.all([1, 2].map(() => author.ask('POST', '/api/requests', call)));
        const [one, other] = both.map((answer) => cast.said(answer, 201, 'submit twice'));
        if (one.id !== other.id) cast.journal.wrong.push(`I5: two ids for the key ${mark}`);
        await cast.decide(cast.made(one, mark, author));
    },
    async own(cast) {
        const reviewer = cast.reviewer();
        const request = await cast.submit({}, reviewer);
        const answer = await reviewer.post(`/api/requests/${request.id}/decisions`,
            { verdict: 'approve', revision: 1, bundle_sha256: request.bundle_sha256 });
        if (answer.body?.error?.code !== 'own_request')
            cast.journal.wrong.push(`I2: own request: ${JSON.stringify(answer)}`);
    },
    async race(cast) {
        const request = await cast.submit();
        const path = `/api/requests/${request.id}/decisions`;
        const body = { revision: 1, bundle_sha256: request.bundle_sha256, undo_seconds: 0 };
        const verdicts = cast.random.shuffled(['approve', 'reject']);
        const answers = await Promise.all(cast.reviewers.map((reviewer, n) => reviewer.post(path,
            { ...body, verdict: verdicts[n], note: 'mine' }, `${request.mark}-${n}`)));
        const won = answers.filter((answer) => answer.status === 200);
        if (won.length !== 1) cast.journal.wrong.push(`${won.length} of two decisions won`);
        for (const [n, answer] of answers.entries())
            if (answer.status === 200)
                cast.journal.acknowledge('decide', { id: request.id, revision: 1,
                    decision: answer.body.decision_id, verdict: verdicts[n],
                    reviewer: cast.reviewers[n].id });
    },
    /** Rows that nobody decides on, so that much is acknowledged around a fault. */
    async ballast(cast) {
        const made = await cast.batch(BALLAST);
        for (const request of cast.random.shuffled(made).slice(0, 2)) await cast.cancel(request);
    },
    async password(cast) {
        const answer = await new cast.login.Caller(cast.authors[0].url, '', cast.journal)
            .post('/api/login', cast.login.words);
        cast.said(answer, 200, 'login');
    },
};

const kinds = ['plain', 'plain', 'plain', 'plain', 'batch', 'batch', 'reject', 'revise', 'undo',
    'ballast', 'cancel', 'hold', 'flood', 'lost', 'glass', 'safe', 'again', 'twice', 'own', 'race'];

/** The stories of a trial: one of each kind, and more up to between 20 and 50. */
export function choose(random) {
    const all = [...new Set(kinds), 'password'];
    const more = random.between(20, 50) - all.length;
    return random.shuffled([...all, ...Array.from({ length: more }, () => random.pick(kinds))]);
}

/** Tells them, so many at once. What goes wrong is noted in the journal. */
export async function tell(cast, chosen, { atOnce = 8 } = {}) {
    const left = [...chosen];
    const one = async () => {
        for (let kind = left.shift(); kind; kind = left.shift()) {
            try {
                await stories[kind](cast);
            } catch (error) {
                cast.journal.wrong.push(`${kind}: ${error.message}`);
            }
            cast.ended++;
        }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
}
