// What must hold after a trial: each acknowledgement is in the database, the service started
// nothing twice and nothing unapproved, and the invariants find no row.

const NEAR_MS = 1000; // of a fault that fired

/** Everything that the database has of the requests from `first` on. */
export async function look(stage, first) {
    const [row] = await stage.stack.psql('superuser', `select
        (select coalesce(json_agg(q), '[]') from (select r.id, r.state, r.author_id, r.revision,
             r.retry_safe, r.again_of, t.title from cs.request r
             join cs.request_text t on t.request_id = r.id where r.id >= ${first}) q) as requests,
        (select coalesce(json_agg(q), '[]') from (select request_id, revision,
             encode(bundle_sha256, 'hex') as bundle, encode(code_sha256, 'hex') as code
             from cs.revision where request_id >= ${first}) q) as revisions,
        (select coalesce(json_agg(q), '[]') from (select id, request_id, revision, verdict,
             reviewer_id from cs.decision where request_id >= ${first}) q) as decisions,
        (select coalesce(json_agg(q), '[]') from (select id, request_id, revision, state,
             started_at is not null as started, cancel_requested_at is not null as cancelling
             from cs.attempt where request_id >= ${first}) q) as attempts,
        (select coalesce(json_agg(q), '[]') from (select entity_id as id, event
             from cs.audit_event where entity = 'request' and entity_id >= ${first}
             and event in ('decision.undo', 'request.cancel', 'attempt.cancel')) q) as events`);
    return new Found(row);
}

const by = (rows, key) => new Map(rows.map((row) => [key(row), row]));

export class Found {
    constructor({ requests, revisions, decisions, attempts, events }) {
        this.requests = by(requests, (row) => row.id);
        this.revisions = by(revisions, (row) => `${row.request_id}/${row.revision}`);
        this.decisions = by(decisions, (row) => row.id);
        this.attempts = by(attempts, (row) => row.id);
        this.events = new Set(events.map((row) => `${row.id} ${row.event}`));
        this.titles = new Map();
        for (const { title } of requests) this.titles.set(title, (this.titles.get(title) ?? 0) + 1);
    }
}

/** Is what was acknowledged there? One for each kind. */
const there = {
    submit: (ack, found) => found.revisions.get(`${ack.id}/${ack.revision}`)?.bundle === ack.bundle
        && found.requests.get(ack.id)?.author_id === ack.author
        && found.titles.get(ack.mark) >= 1,
    revise: (ack, found) => found.revisions.get(`${ack.id}/${ack.revision}`)?.bundle === ack.bundle,
    decide(ack, found) {
        const row = found.decisions.get(ack.decision);
        return row && row.request_id === ack.id && row.verdict === ack.verdict
            && row.revision === ack.revision && row.reviewer_id === ack.reviewer;
    },
    undo: (ack, found) => found.events.has(`${ack.id} decision.undo`),
    cancel: (ack, found) => found.events.has(`${ack.id} request.cancel`)
        || found.events.has(`${ack.id} attempt.cancel`),
    settle: (ack, found) => found.requests.get(ack.id)?.state === ack.state,
    result: (ack, found) => found.requests.get(ack.id)?.state === ack.state,
    again: (ack, found) => found.requests.get(ack.id)?.again_of === ack.of,
};

/** {compared, near, lost: [acknowledgement]}. */
export function acknowledgements({ acknowledged }, found, struck) {
    const near = acknowledged.filter(({ at }) =>
        struck.some((strike) => Math.abs(strike.at - at) <= NEAR_MS)).length;
    return { compared: acknowledged.length, near,
             lost: acknowledged.filter((ack) => !there[ack.what](ack, found)) };
}

/** What a repeat or a refusal left that must not be there. */
export function onceOnly({ refused }, found, again) {
    return [
        ...[...found.titles].filter(([title, count]) => count > 1 + (again.get(title) ?? 0))
            .map(([title, count]) => `I5: ${count} times ${title}`),
        ...refused.filter((mark) => found.titles.has(mark))
            .map((mark) => `I5: ${mark} is there, though nothing was done`),
    ];
}

/** By the service's own log: {starts, double, wrong}. Those of attempts that are not of this trial
 *  count as starts only. */
export function starts(list, found, seen) {
    const wrong = [];
    let double = 0;
    for (const { attempt: id, sha256 } of list) {
        seen.set(id, (seen.get(id) ?? 0) + 1);
        const attempt = found.attempts.get(id);
        if (seen.get(id) > 1) double++;
        if (!attempt) wrong.push(`I1: attempt ${id} started, which nobody knows`);
        else if (!attempt.started) wrong.push(`I1: attempt ${id} started before its commit`);
        else wrong.push(...unapproved(attempt, sha256, found));
    }
    for (const [id, attempts] of byRequest(list, found))
        if (!found.requests.get(id).retry_safe) double += attempts.size - 1;
    return { starts: list.length, double, wrong };
}

function unapproved(attempt, sha256, found) {
    const revision = found.revisions.get(`${attempt.request_id}/${attempt.revision}`);
    const approved = [...found.decisions.values()].some(({ request_id, revision: of, verdict }) =>
        ['approve', 'break_glass'].includes(verdict)
        && request_id === attempt.request_id && of === attempt.revision);
    if (revision?.code !== sha256) return [`I1: attempt ${attempt.id} got other bytes`];
    return approved ? [] : [`I1: nobody approved attempt ${attempt.id}`];
}

function byRequest(list, found) {
    const all = new Map();
    for (const { attempt } of list) {
        const id = found.attempts.get(attempt)?.request_id;
        if (id) all.set(id, (all.get(id) ?? new Set()).add(attempt));
    }
    return all;
}

/** What is still under way of the requests from `first` on. */
export async function underWay(stage, first) {
    const [row] = await stage.stack.psql('superuser', `select count(*)::int as n
        from cs.attempt where request_id >= ${first}
        and state in ('ready', 'claimed', 'starting', 'running')`);
    return row.n;
}

/** The rows that break an invariant, as texts. */
export async function violations(stage, first) {
    const all = 'select * from invariant.violations where request_id';
    const rows = await stage.stack.psql('superuser',
        `select * from (${all} >= ${first} union all ${all} is null) v limit 10`);
    return rows.map((row) => `${row.invariant}: ${row.entity} ${row.id} of request `
        + `${row.request_id} ${row.what}`);
}
