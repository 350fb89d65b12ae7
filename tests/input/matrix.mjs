// The cells of the matrix: who asks for what, with which answer by the rules, and sending them.
import http from 'node:http';
import { Cast, people, roleSets, rolesOf, scopes } from './matrix_cast.mjs';
import { aboutRequests, answerOf, canBe, refusedAtTheDoor, states } from './matrix_rules.mjs';

export const MISSING = 987654321;
const verdicts = ['approve', 'reject', 'request_changes'];
const agentScopes = ['read', 'submit', 'read submit'];

const find = (part, letters, team = 'own') => people.find((one) =>
    one.part === part && one.letters === letters && one.team === team);

// Who has tokens, too: those of whom the parts of the others would tell nothing new.
const withTokens = people.filter(({ part, team }) => team === 'own'
    && ['stranger', 'author', 'decider'].includes(part));

/** Everybody who asks: {name, of, part, roles, team, credential, enabled}. `of` is the person whose
 *  requests these are about. */
export const askers = [
    ...people.map((one) => ({ ...one, name: one.login, of: one, credential: 'session',
                              enabled: true })),
    ...withTokens.flatMap((one) => scopes.map((scope) => ({ ...one, name: one.login, of: one,
                                                            credential: scope, enabled: true }))),
    ...['owner', 'stranger'].flatMap((part) => agentScopes.map((credential) => ({
        name: `${find(part, 'arm').login}.bot`, of: find(part, 'arm'), roles: ['agent'],
        part: part === 'owner' ? 'author' : 'stranger', team: 'own', credential, enabled: true }))),
    ...['stranger', 'author'].flatMap((part) => ['session', scopes.join(' ')].map((credential) => ({
        name: `gone-${part}`, of: find(part, 'arm'), part, roles: rolesOf('arm'), team: 'own',
        credential, enabled: false }))),
    { name: 'nobody', of: find('stranger', 'arm'), part: 'stranger', roles: [], team: 'own',
      credential: 'none', enabled: true },
];

/** Of the rest, where only roles and credentials matter. */
export const plainAskers = askers.filter(({ part, team, name }) => part === 'stranger'
    && team === 'own' && !name.startsWith('owner'));
export const roleCount = roleSets.length;

const bodies = {
    'POST /api/requests/{id}/decisions': ({ revision, digest }, verdict) => ({
        verdict, revision, bundle_sha256: digest, note: 'because' }),
    'POST /api/requests/{id}/break-glass': ({ revision, digest }) => ({
        revision, bundle_sha256: digest, reason: 'Nobody else is awake, and it must run now' }),
    'POST /api/requests/{id}/undo': () => ({}),
    'POST /api/requests/{id}/settle': () => ({ outcome: 'failed', note: 'seen' }),
    'POST /api/requests/{id}/cancel': () => ({}),
    'POST /api/requests/{id}/revisions': ({ revision }) => ({ revision, code: 'print(3)\n' }),
    'POST /api/requests/{id}/run-again': () => ({}),
};
export const bodyOf = (route, request, verdict) => bodies[route]?.(request, verdict);

function cellOf(route, rule, asker, state, verdict) {
    const door = refusedAtTheDoor(rule, asker);
    const answer = answerOf(rule, { ...asker, state, verdict });
    return { route, asker, state, verdict, door, answer: answer ?? String(rule.done),
             expected: door ?? answer ?? String(rule.done),
             changes: Boolean(rule.changes) && !door && !answer };
}

/** Each route about a request, by each asker, in each state; decisions by each verdict. */
export function cells() {
    const verdictsOf = (route) => (route.endsWith('/decisions') ? verdicts : [undefined]);
    return Object.entries(aboutRequests).flatMap(([route, rule]) => askers.flatMap((asker) =>
        states.filter((state) => canBe(asker.part, state)).flatMap((state) => verdictsOf(route)
            .map((verdict) => cellOf(route, rule, asker, state, verdict)))));
}

/** Numbers the copies: cell.copy, 0 for all that change nothing; and which requests that takes. */
export function wantedRequests(list) {
    const counts = new Map();
    for (const cell of list) {
        const key = `${cell.asker.of.login} ${cell.state}`;
        if (!counts.has(key)) counts.set(key, { of: cell.asker.of, state: cell.state, copies: 0 });
        cell.copy = cell.changes ? ++counts.get(key).copies : 0;
    }
    return [...counts.values()].flatMap(({ of, state, copies }) =>
        Array.from({ length: copies + 1 }, (_, copy) => ({ of, state, copy })));
}

/** Where a route about a request is found for this one. */
export function target(route, { id, revision }) {
    const [method, path] = route.split(' ');
    if (path === '/api/audit') return [method, `/api/audit?request_id=${id}`];
    const second = path.includes('results') ? 1 : revision;
    return [method, path.replace('{id}', id).replace('{id}', second)];
}

/** Sends over connections that are kept: {status, code, text, headers}. Streams end at once. */
export class Sender {
    constructor(url, atOnce = 8) {
        this.url = new URL(url);
        this.agent = new http.Agent({ keepAlive: true, maxSockets: atOnce });
        this.atOnce = atOnce;
    }

    send(method, path, headers, body) {
        const text = body === undefined || Buffer.isBuffer(body) ? body : JSON.stringify(body);
        const type = Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json';
        const more = text === undefined ? {} : { 'content-type': type,
                                                 'content-length': Buffer.byteLength(text) };
        return new Promise((done, failed) => {
            const request = http.request({ agent: this.agent, host: this.url.hostname,
                port: this.url.port, method, path, headers: { ...headers, ...more } }, (answer) => {
                const stream = answer.headers['content-type'] === 'text/event-stream';
                if (stream) {
                    answer.on('error', () => {});
                    request.destroy();
                    return done({ status: answer.statusCode, text: '' });
                }
                const chunks = [];
                answer.on('data', (chunk) => chunks.push(chunk)).on('error', failed);
                answer.on('end', () => {
                    const said = Buffer.concat(chunks).toString();
                    done({ status: answer.statusCode, text: said, code: codeIn(answer, said) });
                });
            });
            request.on('error', failed);
            request.end(text);
        });
    }

    /** Runs `one` on each of a list, some at once. */
    async all(list, one) {
        let next = 0;
        const lane = async () => {
            while (next < list.length) await one(list[next++]);
        };
        await Promise.all(Array.from({ length: this.atOnce }, lane));
    }

    stop() {
        this.agent.destroy();
    }
}

function codeIn(answer, text) {
    if (answer.statusCode < 400 || !/json/.test(answer.headers['content-type'] ?? '')) return null;
    return JSON.parse(text).error?.code;
}

export const outcome = ({ status, code }) => (code ? `${status} ${code}` : String(status));

export const describe = ({ route, asker, state, verdict }) => [
    route, verdict, `by ${asker.name} (${asker.roles.join(', ') || 'no role'}; ${asker.part};`,
    `${asker.team} team; ${asker.credential})`, state && `on one that is ${state}`]
    .filter(Boolean).join(' ');

/** Signs everybody in and gives each asker its `headers` and its `actor` for SQL. */
export async function letIn(cast) {
    const logins = [...new Set(askers.filter(({ credential }) => credential === 'session')
        .map(({ name }) => name))];
    const sessions = await cast.signIn(logins);
    const byToken = askers.filter(({ credential }) => !['session', 'none'].includes(credential));
    const tokens = await cast.tokens(byToken.map(({ name, credential }) => ({
        login: name, scopes: credential.split(' ') })));
    const rows = new Map((await cast.stack.psql('superuser', `
        select p.login, max(s.id) as id from cs.session s join cs.person p on p.id = s.person_id
        group by 1`)).map((row) => [row.login, row.id]));
    for (const asker of askers) {
        const n = byToken.indexOf(asker);
        asker.headers = n >= 0 ? { authorization: `Bearer ${tokens[n].token}` }
            : sessions.get(asker.name) ?? {};
        asker.actor = n >= 0 ? cast.actor(asker.name, { token_id: tokens[n].id })
            : cast.actor(asker.name, { session_id: rows.get(asker.name) });
    }
    await cast.stack.psql('superuser', `update cs.person set disabled_at = clock_timestamp()
        where login like 'gone-%'`);
}

export { Cast };
