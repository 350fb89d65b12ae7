// The people of the matrix, and requests in every state that they had every part in. Made by the
// functions that api, worker and operator call, each as its own role, many at once; only what
// nobody could do at the end (an editor who is no reviewer any more) is set by hand.
import { createHash, randomBytes } from 'node:crypto';
import { parts, verdictOf } from './matrix_rules.mjs';

const ROLES = { a: 'analyst', r: 'reviewer', m: 'admin' };
export const roleSets = ['', 'a', 'r', 'm', 'ar', 'am', 'rm', 'arm'];
export const rolesOf = (letters) => [...letters].map((letter) => ROLES[letter]);
export const scopes = ['read', 'submit', 'decide', 'admin'];
const AT_ONCE = 50; // elements of a batch
const HOUR_MS = 3600000;
const LIMITS = { wall_ms: 30000, memory_bytes: 1073741824, pids: 64, output_bytes: 1048576,
                 files: 8, file_bytes: 8388608, cpu_ms: 120000, tmp_bytes: 67108864 };

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const secret = (prefix) => `${prefix}${randomBytes(32).toString('base64url')}`;

const login = (part, letters, team) => `${part}-${letters || 'none'}-${team}`;

/** [{login, part, letters, team}]: each part with each set of roles, in the team and outside. */
export const people = parts.flatMap((part) => roleSets.flatMap((letters) =>
    ['own', 'other'].map((team) => ({ login: login(part, letters, team), part, letters, team,
                                      roles: rolesOf(letters) }))));

export class Cast {
    constructor(stack) {
        Object.assign(this, { stack, ids: new Map(), requests: new Map() });
    }

    /** `wanted`: [{of: person, state, copy}], the requests that there shall be. */
    static async make(stack, wanted) {
        const cast = new Cast(stack);
        await cast.makePeople();
        await cast.makeTies();
        await cast.makeRequests(wanted);
        await cast.setRoles();
        return cast;
    }

    actor(name, more = {}) {
        return { person_id: this.ids.get(name), address: '127.0.0.1', ...more };
    }

    // One call for each element, in order.
    each(role, call, items) {
        return this.stack.psql(role, `select ${call} as made
            from jsonb_array_elements(:'items'::jsonb) with ordinality x (e, i) order by i`,
                               { items: JSON.stringify(items) });
    }

    // The results of a batched function; `element` makes what it is given of e.
    async batch(role, name, items, element = 'e') {
        const rows = await this.stack.psql(role, `
            select c.at + s.n as place, s.result
            from generate_series(0, ${items.length - 1}, ${AT_ONCE}) c (at)
            cross join lateral cs.${name}((select jsonb_agg(${element} order by i)
                from jsonb_array_elements(:'items'::jsonb) with ordinality x (e, i)
                where i > c.at and i <= c.at + ${AT_ONCE})) s order by 1`,
                                           { items: JSON.stringify(items) });
        for (const { result } of rows)
            if (result.error) throw new Error(`${name}: ${JSON.stringify(result)}`);
        return rows.map(({ result }) => result);
    }

    async learnIds() {
        for (const { login: name, id } of await this.stack.psql('superuser',
            'select login, id from cs.person')) this.ids.set(name, id);
    }

    async makePeople() {
        await this.each('operator', 'cs.operator_team_add(e)',
            [{ name: 'own' }, { name: 'other' }]);
        const item = (name, roles, more = {}) => ({ login: name, name, roles, teams: ['own'],
                                                    ...more });
        const human = people.filter(({ part }) => part !== 'made_by_author');
        await this.each('operator', 'cs.operator_person_add(e)', [
            item('ann', ['analyst']), item('spare', ['analyst']), item('ref', ['reviewer']),
            item('maker', ['analyst', 'admin']),
            item('gone-stranger', rolesOf('arm')), item('gone-author', rolesOf('arm')),
            ...human.map((one) => item(one.login, rolesOf('arm'))),
            ...human.filter(({ part }) => ['owner', 'stranger'].includes(part))
                .map((one) => item(`${one.login}.bot`, ['agent'], { owner: one.login })),
        ]);
        await this.learnIds();
        [{ policy: this.policy }] = await this.stack.psql('superuser',
            'select max(version) as policy from cs.policy_version');
        this.team = (await this.stack.psql('superuser',
            `select id from cs.team where name = 'own'`))[0].id;
    }

    // Whose account, credentials or token somebody made.
    async makeTies() {
        const of = (wanted) => people.filter(({ part }) => part === wanted);
        const made = (by, name) => ({ actor: this.actor(by), item: { login: name, name,
            roles: ['analyst', 'reviewer', 'admin'], team_ids: [this.team] } });
        await this.each('api', `cs.person_create(e -> 'actor', e -> 'item')`, [
            ...of('made_by_author').map((one) => made('maker', one.login)),
            ...[...of('account_maker'), ...of('far_maker')].map(
                (one) => made(one.login, `${one.login}.made`))]);
        await this.learnIds();
        await this.each('api', `cs.person_create(e -> 'actor', e -> 'item')`,
            of('far_maker').map(({ login: name }) => made(`${name}.made`, `${name}.far`)));
        const link = (by, name) => ({ actor: this.actor(by), login: name,
                                      sha: sha256(secret('')) });
        await this.each('api', `cs.login_link_create(e -> 'actor', e ->> 'login',
            decode(e ->> 'sha', 'hex'), 60)`, [
            ...of('resetter').map((one) => link(one.login, 'ann')),
            ...of('reset_by_author').map((one) => link('maker', one.login))]);
        const makers = of('token_maker');
        const tokens = await this.each('api', `cs.token_create(e -> 'actor', e -> 'item',
            decode(e ->> 'sha', 'hex'))`, makers.map((one) => ({ actor: this.actor(one.login),
            sha: sha256(secret('')), item: { person_id: this.ids.get('ann'), name: 'matrix',
                                             prefix: 'x', scopes: ['submit'], seconds: 3600 } })));
        this.tokenOf = new Map(makers.map((one, n) => [one.login, tokens[n].made]));
        await this.learnIds();
    }

    // Who asks for a request that this person has that part in.
    asker({ login: name, part }) {
        const other = { author: name, before: 'maker', owner: `${name}.bot`,
                        account_maker: `${name}.made`,
                        far_maker: `${name}.far`, made_by_author: 'maker',
                        reset_by_author: 'maker' };
        const token_id = part === 'token_maker' ? this.tokenOf.get(name) : undefined;
        return this.actor(other[part] ?? 'ann', token_id ? { token_id } : {});
    }

    /** What the policy said of code: level none or block. */
    verdict(level) {
        return JSON.stringify({ level, engine: 'ok', policy_version: this.policy, capabilities: {},
            facts: {}, findings: level === 'none' ? [] : [{ rule: 'test', level, line: 1, column: 1,
                end_column: 2, title: 'Never', explanation: '' }] });
    }

    verdictFor(state) {
        return this.verdict(state === 'blocked' ? 'block' : 'none');
    }

    submission(actor, state = 'pending') {
        return { actor, verdict: this.verdictFor(state), title: 'Sums', question: 'How much?',
                 language: 'python', code: 'print(1)\n', files: [],
                 max_limits: LIMITS, retry_safe: false, backend: 'local',
                 image: 'system-python3', network: 'none', approval_seconds: 86400,
                 pending_seconds: 604800, max_waiting: 1000000 };
    }

    async makeRequests(wanted) {
        const made = wanted.map((one) => ({ ...one, revision: 1 }));
        await this.ask(made);
        await this.revise(made.filter(({ of }) => of.part === 'editor'));
        await this.decide(made.filter(({ state }) => verdictOf(state)));
        const cancelled = made.filter(({ state }) => state === 'cancelled');
        await this.batch('api', 'cancel_requests', cancelled.map(({ of, id }) => ({
            actor: this.asker(of), id })));
        await this.run(made.filter(({ state }) => ['running', 'outcome_unknown', 'succeeded',
                                                   'failed'].includes(state)));
        await this.check(made);
        for (const { of, state, copy, id, revision, digest } of made)
            this.requests.set(`${of.login} ${state} ${copy}`, { id, revision, digest });
    }

    async ask(made) {
        const before = made.filter(({ of }) => of.part === 'before');
        const first = await this.batch('api', 'submit_requests', before.map(({ of }) =>
            this.submission(this.actor(of.login))));
        await this.batch('api', 'cancel_requests', before.map(({ of }, n) => ({
            actor: this.actor(of.login), id: first[n].id })));
        const again = await this.batch('api', 'run_again', first.map(({ id }, n) => ({
            actor: this.actor('maker'), id, verdict: this.verdictFor(before[n].state),
            max_waiting: 1000000 })));
        before.forEach((one, n) => Object.assign(one, { id: again[n].id,
                                                        digest: again[n].bundle_sha256 }));
        const rest = made.filter(({ of }) => of.part !== 'before');
        const asked = await this.batch('api', 'submit_requests',
            rest.map(({ of, state }) => this.submission(this.asker(of), state)));
        rest.forEach((one, n) => Object.assign(one, { id: asked[n].id,
                                                      digest: asked[n].bundle_sha256 }));
    }

    async revise(list) {
        const answers = await this.batch('api', 'revise_requests', list.map(({ of, id }) => ({
            actor: this.actor(of.login), id, revision: 1, code: 'print(2)\n',
            verdict: this.verdict('none') })));
        list.forEach((one, n) => Object.assign(one, { revision: 2,
                                                      digest: answers[n].bundle_sha256 }));
    }

    async decide(list) {
        const items = list.map(({ of, state, id, revision, digest }) => ({
            actor: this.actor(of.part === 'decider' ? of.login : 'ref'), id, revision,
            bundle_sha256: digest, verdict: verdictOf(state), note: 'because' }));
        const answers = await this.batch('api', 'decide_requests', items, signed);
        list.forEach((one, n) => Object.assign(one, { decision: answers[n].decision_id,
                                                      attempt: answers[n].attempt_id }));
    }

    async run(list) {
        const [{ worker }] = await this.stack.psql('worker', `select (cs.worker_hello('{"name": "w",
            "version": "1", "slots": 4, "backends": {"local": {"isolation": "namespaces"}}}')
            ->> 'worker_id')::bigint as worker`);
        const ids = JSON.stringify(list.map(({ attempt }) => attempt));
        const fences = new Map((await this.stack.psql('worker', `
            select k.attempt_id, k.fence
            from generate_series(0, ${list.length - 1}, ${AT_ONCE}) c (at)
            cross join lateral cs.claim_attempts(${worker}, '{' || (select string_agg(e, ',')
                from jsonb_array_elements_text(:'ids'::jsonb) with ordinality x (e, i)
                where i > c.at and i <= c.at + ${AT_ONCE}) || '}', ${HOUR_MS}) k`, { ids }))
            .map((row) => [row.attempt_id, row.fence]));
        const held = (one) => ({ worker_id: worker, id: one.attempt, fence: fences.get(one.attempt),
                                 bundle_sha256: one.digest, decision_ids: [one.decision] });
        await this.batch('worker', 'start_attempts', list.map(held));
        await this.batch('worker', 'mark_attempts_running', list.map(held));
        const over = list.filter(({ state }) => state !== 'running');
        await this.batch('worker', 'finish_attempts', over.map((one) => ({
            ...held(one), ...ends[one.state], exit_code: 0, term_signal: 0 })));
    }

    // What the rules speak of must be what there is.
    async check(made) {
        const found = await this.stack.psql('superuser', 'select id, state from cs.request');
        const rows = new Map(found.map(({ id, state }) => [id, state]));
        for (const { of, state, id } of made)
            if (rows.get(id) !== state)
                throw new Error(`${of.login}: ${rows.get(id)} in the place of ${state}`);
    }

    // By hand, as time would: this must work whatever somebody was before.
    async setRoles() {
        const items = JSON.stringify(people.map(({ login: name, roles, team }) => ({
            login: name, roles, team })));
        await this.stack.psql('superuser', `
            update cs.person p set roles = array(select jsonb_array_elements_text(e -> 'roles'))
            from jsonb_array_elements(:'items'::jsonb) e where p.login = e ->> 'login'`, { items });
        await this.stack.psql('superuser', `
            update cs.team_member m set team_id = (select id from cs.team where name = 'other')
            from jsonb_array_elements(:'items'::jsonb) e join cs.person p on p.login = e ->> 'login'
            where m.person_id = p.id and e ->> 'team' = 'other'`, { items });
    }

    /** Tokens by the operator, whom nobody is tied to: [{login, scopes}] → [{id, token}]. */
    async tokens(wanted) {
        const items = wanted.map(({ login: name, scopes: list }) => ({ login: name, scopes: list,
            name: 'matrix', prefix: 'x', seconds: 86400, token: secret('cst_') }));
        const rows = await this.each('operator', `cs.operator_token_add(e - 'token',
            decode(e ->> 'sha', 'hex'))`, items.map((item) => ({ ...item, token: '',
                                                                 sha: sha256(item.token) })));
        return items.map(({ token }, n) => ({ id: rows[n].made.id, token }));
    }

    /** Sessions through the api: a map of logins to what a browser would send. */
    async signIn(logins) {
        const links = logins.map((name) => ({ login: name, seconds: 600, link: secret('csl_') }));
        await this.each('operator', `cs.operator_link_add(e - 'sha', decode(e ->> 'sha', 'hex'))`,
            links.map(({ link, ...item }) => ({ ...item, sha: sha256(link) })));
        const signedIn = new Map();
        for (const { login: name, link } of links) {
            const client = this.stack.client();
            await client.signIn(link);
            signedIn.set(name, { cookie: client.cookie, 'x-csrf-token': client.csrf });
        }
        return signedIn;
    }
}

/** What the api adds to a decision; the database has no key to verify it with. */
export const signed = `e || coalesce(cs.decision_terms((e ->> 'id')::bigint), '{}')
    || jsonb_build_object('form', 2, 'signature', repeat('0', 128), 'key_id', repeat('0', 16))`;

const SEEN = Buffer.from('seen\n');
const ends = {
    outcome_unknown: { outcome: 'unknown' },
    failed: { outcome: 'failed' },
    succeeded: { outcome: 'succeeded', items: [{ n: 1, kind: 'stdout', name: '',
        mime: 'text/plain', bytes: SEEN.length, sha256: sha256(SEEN), chunk: 0,
        data: SEEN.toString('base64') }] },
};
