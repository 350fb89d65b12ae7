// Who may do what, in words: for each route that role and scope let one use it, and then, in this
// order, why somebody is refused all the same. Written from docs/api.md and docs/security.md,
// without a look at how the product holds it. `matrix.mjs` makes cells of it.

/** What the words below mean of a cell {roles, team, part, state, verdict}. */
const facts = {
    'they see it': ({ roles, team, part }) => part === 'author' || part === 'owner'
        || roles.includes('admin') || (roles.includes('reviewer') && team === 'own'),
    'they review for the team': ({ roles, team }) => roles.includes('reviewer') && team === 'own',
    'they may ask': ({ roles }) => roles.includes('analyst') || roles.includes('agent'),
    'they asked for it or are an admin': ({ roles, part }) => part === 'author' || part === 'owner'
        || roles.includes('admin'),
    'they asked for it or review for the team': ({ roles, team, part }) => part === 'author'
        || part === 'owner' || (roles.includes('reviewer') && team === 'own'),
    'they review for the team or are an admin': ({ roles, team }) => roles.includes('admin')
        || (roles.includes('reviewer') && team === 'own'),
    'they approved it or are an admin': ({ roles, part, state }) => roles.includes('admin')
        || (part === 'decider' && verdictOf(state) === 'approve'),
    'the approval can be taken back': ({ part, state }) => state === 'approved'
        || (part === 'decider' && state === 'running'),
    'they had a part in it': ({ part }) => !['stranger', 'decider'].includes(part),
    'they are an admin of its team': ({ roles, team }) => roles.includes('admin')
        && team === 'own',
    'they are in its team': ({ team }) => team === 'own',
    'they decided the same before': ({ part, state, verdict }) => part === 'decider'
        && verdictOf(state) === verdict,
    'it was decided': ({ state }) => Boolean(verdictOf(state)),
    'there is a result': ({ state }) => state === 'succeeded',
};

/** The decision that brought a request into a state. */
export function verdictOf(state) {
    const other = { pending: null, cancelled: null, blocked: null, rejected: 'reject',
                    changes_requested: 'request_changes' };
    return state in other ? other[state] : 'approve';
}

/** Whether words such as "unless they see it" or "when it is pending or approved" hold. */
export function holds(words, cell) {
    const [, first, what] = /^(unless|when) (.*)$/.exec(words);
    const states = /^it is (.*)$/.exec(what);
    const fact = states ? states[1].split(' or ').includes(cell.state) : facts[what](cell);
    return first === 'when' ? fact : !fact;
}

export const states = ['pending', 'changes_requested', 'approved', 'running', 'outcome_unknown',
                       'succeeded', 'failed', 'rejected', 'cancelled', 'blocked'];

/** What somebody may have to do with a request. All but the first and the last are a part in it:
 *  its author, who revised it, the owner of the agent that asked, who made the token it was asked
 *  with, who made the author's account (or the account that made it) and the other way round, who
 *  reset the author's credentials and the other way round, and whose request it runs again. */
export const parts = ['stranger', 'author', 'editor', 'owner', 'token_maker', 'account_maker',
                      'far_maker', 'made_by_author', 'resetter', 'reset_by_author', 'before',
                      'decider'];

const HIDDEN = ['404 not_found', 'unless they see it'];
const read = (method, more = {}) => ({ scope: 'read', answers: [HIDDEN], done: 200, ...more });

/** Routes about one request. `roles`: any of these, or everybody who is signed in. */
export const aboutRequests = {
    'GET /api/requests/{id}': read(),
    'GET /api/requests/{id}/revisions/{id}': read(),
    'GET /api/requests/{id}/events': read(),
    'GET /api/requests/{id}/output': read(),
    'GET /api/requests/{id}/results/{id}': {
        scope: 'read', done: 200, answers: [HIDDEN, ['404 not_found', 'unless there is a result']],
    },
    'GET /api/audit': { roles: 'reviewer admin', scope: 'read', answers: [HIDDEN], done: 200 },
    'POST /api/requests/{id}/decisions': {
        roles: 'reviewer', scope: 'decide', done: 200, changes: true,
        answers: [
            HIDDEN,
            ['403 own_request', 'when they had a part in it'],
            ['403 wrong_role', 'unless they review for the team'],
            ['200', 'when they decided the same before'],
            ['409 already_decided', 'when it was decided'],
            ['409 wrong_state', 'unless it is pending'],
        ],
    },
    // Nothing here is of high risk, so that it is never done: flow/break_glass does it.
    'POST /api/requests/{id}/break-glass': {
        roles: 'admin', done: '409 conflict',
        answers: [
            HIDDEN,
            ['403 own_request', 'when they had a part in it'],
            ['403 wrong_role', 'unless they are an admin of its team'],
            ['409 already_decided', 'when it was decided'],
            ['409 wrong_state', 'unless it is pending'],
        ],
    },
    'POST /api/requests/{id}/undo': {
        roles: 'reviewer admin', scope: 'decide', done: 200, changes: true,
        answers: [
            HIDDEN,
            ['403 wrong_role', 'unless they approved it or are an admin'],
            ['409 wrong_state', 'unless the approval can be taken back'],
        ],
    },
    'POST /api/requests/{id}/settle': {
        roles: 'reviewer admin', scope: 'decide', done: 200, changes: true,
        answers: [
            HIDDEN,
            ['403 wrong_role', 'unless they review for the team or are an admin'],
            ['403 own_request', 'when they had a part in it'],
            ['409 wrong_state', 'unless it is outcome_unknown'],
        ],
    },
    'POST /api/requests/{id}/cancel': {
        roles: 'analyst agent reviewer admin', scope: 'submit', done: 200, changes: true,
        answers: [
            HIDDEN,
            ['403 wrong_role', 'unless they asked for it or are an admin'],
            ['409 wrong_state',
                'unless it is pending or changes_requested or approved or running'],
        ],
    },
    'POST /api/requests/{id}/revisions': {
        roles: 'analyst agent reviewer admin', scope: 'submit', done: 201, changes: true,
        answers: [
            HIDDEN,
            ['403 wrong_role', 'unless they asked for it or review for the team'],
            ['409 wrong_state', 'unless it is pending or changes_requested'],
        ],
    },
    'POST /api/requests/{id}/run-again': {
        roles: 'analyst agent', scope: 'submit', done: 201, changes: true,
        answers: [
            HIDDEN,
            ['409 wrong_state', 'when it is pending or approved or running'],
            ['403 wrong_role', 'unless they may ask'],
            ['400 invalid_field', 'unless they are in its team'],
        ],
    },
};

const admins = (done, more = {}) => ({ roles: 'admin', scope: 'admin', done, ...more });
const session = (done, more = {}) => ({ done, ...more });

/** The other routes. Without a scope it takes a session. `whose`: what stands in the path, the
 *  query or the body may be one's own, an agent's of one's own, somebody else's, or of nobody;
 *  `others` and `nobody` say what is answered then to all but admins, and `gone` to them.
 *  `fresh`: it wants a recent proof, which no token is. */
export const aboutTheRest = {
    'GET /api/me': { scope: 'read', done: 200 },
    'GET /api/requests': { scope: 'read', done: 200 },
    'GET /api/events': { scope: 'read', done: 200 },
    'GET /api/workers': { scope: 'read', done: 200 },
    'GET /api/teams': { scope: 'read', done: 200 },
    'POST /api/requests': { roles: 'analyst agent', scope: 'submit', done: 201 },
    'POST /api/requests:batch': { roles: 'analyst agent', scope: 'submit', done: 200 },
    'POST /api/files': { roles: 'analyst agent reviewer admin', scope: 'submit', done: 201 },
    'GET /api/files/{id}': {
        scope: 'read', done: 200, whose: true, others: '404 not_found', nobody: '404 not_found',
        admins_too: true,
    },
    'POST /api/pauses': admins(201),
    'DELETE /api/pauses': admins(204),
    'GET /api/budgets': { scope: 'read', done: 200 },
    'PUT /api/budgets/{scope}': admins(200),
    'DELETE /api/budgets/{scope}': admins(204),
    'GET /api/audit/head': admins(200),
    'GET /api/audit/retention': admins(200),
    // Nothing here is old enough, so that nothing is done: flow/audit_retention does it.
    'POST /api/audit/retention': session('400 invalid_field', { roles: 'admin' }),
    'POST /api/audit/retention/{id}/agree': session('404 not_found', { roles: 'admin' }),
    'POST /api/audit/retention/{id}/withdraw': session('404 not_found', { roles: 'admin' }),
    'GET /api/audit/questions': admins(200),
    'POST /api/audit/query': admins(200),
    'GET /api/people': admins(200),
    'POST /api/people': session(201, { roles: 'admin' }),
    'PATCH /api/people/{id}': admins(204, { whose: true, gone: '404 not_found', fresh: true }),
    // Where no provider is set up nobody is linked to it.
    'POST /api/people/{id}/identities': session('403 forbidden', { roles: 'admin' }),
    'POST /api/teams': admins(201),
    'GET /api/tokens': session(200),
    'POST /api/tokens': session(201, {
        whose: true, others: '403 wrong_role', nobody: '403 wrong_role', gone: '404 not_found',
    }),
    'DELETE /api/tokens/{id}': session(204, {
        whose: true, others: '404 not_found', nobody: '404 not_found', gone: '404 not_found',
    }),
    'GET /api/sessions': session(200, {
        whose: true, agents: '403 wrong_role', others: '403 wrong_role', nobody: '403 wrong_role',
        gone: '404 not_found',
    }),
    'DELETE /api/sessions/{id}': session(204, {
        whose: true, agents: '404 not_found', others: '404 not_found', nobody: '404 not_found',
        gone: '404 not_found',
    }),
    'DELETE /api/sessions': session(200, {
        whose: true, agents: '403 wrong_role', others: '403 wrong_role', nobody: '403 wrong_role',
        gone: '404 not_found',
    }),
    // Without a password in them, so that everybody can go on.
    'POST /api/password': session('400 missing_field'),
    'POST /api/reauthenticate': session('400 missing_field'),
    'GET /api/second-factor': session(200),
    // With a field that there is not, and without one there must be.
    'POST /api/second-factor': session('400 unknown_field'),
    'POST /api/second-factor/confirm': session('400 missing_field'),
    'DELETE /api/second-factor': session('400 missing_field'),
    'POST /api/logout': session(204),
};

/** Everybody may: there is nothing to refuse (input/rights, input/identity). */
export const open = ['GET /healthz', 'GET /readyz', 'GET /metrics', 'GET /api/instance',
                     'POST /api/login', 'POST /api/oidc/start', 'POST /api/oidc/finish'];

/** Whether there can be such a request: what is blocked was never revised. */
export const canBe = (part, state) => part !== 'editor' || state !== 'blocked';

/** Why a route does not even look at what it is asked for; null when it does. */
export function refusedAtTheDoor(rule, { roles, credential, enabled }) {
    if (credential === 'none' || !enabled) return '401 unauthenticated';
    const scopes = credential === 'session' ? null : credential.split(' ');
    if (scopes && !(rule.scope && scopes.includes(rule.scope))) return '403 forbidden';
    if (rule.roles && !rule.roles.split(' ').some((role) => roles.includes(role)))
        return '403 wrong_role';
    return null;
}

/** What is answered about a request by who is let in: the first of its answers that holds, or null
 *  when none does and so it is done. */
export function answerOf(rule, cell) {
    return rule.answers.find(([, words]) => holds(words, cell))?.[0] ?? null;
}

/** And by a route about something else, of which the cell says whose it is. */
export function answerOfWhose(rule, { roles, whose, credential }) {
    if (rule.fresh && credential !== 'session') return '403 reauthentication_required';
    if (!rule.whose || whose === 'mine') return String(rule.done);
    const admin = roles.includes('admin') && !rule.admins_too;
    if (whose === 'nobody') return (admin ? rule.gone : rule.nobody) ?? rule.gone;
    if (admin) return String(rule.done);
    if (whose === 'agents') return rule.agents ?? String(rule.done);
    return rule.others ?? String(rule.done);
}
