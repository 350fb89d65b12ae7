// Any trouble with Daytona at any step, once and for ever: what becomes of the job, how often a
// sandbox is made and code is started at most, and that nothing is left behind.
// Proves: T19a T19b
import test, { after } from 'node:test';
import { hasEffect, runTable, troubles } from './fault_table.mjs';
import { BAD_RESULTS, CREATE, DELETE, DIED, EXEC, FORBIDDEN, LOGS, LOOK, LOST, NOT_STARTED,
    REFUSED_START, RESULTS, SESSION, STATUS, SUCCEEDED, THROTTLED, UNAVAILABLE, UPLOAD, harness,
    openTrap } from './daytona_faults_harness.mjs';
import { SLOWER } from './stack.mjs';

const callMs = (ms) => ({ DAYTONA_CALL_MS: String(ms * SLOWER) });

const trap = await openTrap();
after(() => trap.stop());

const wantOfCreate = (kind) => ({ busy: THROTTLED, refused: FORBIDDEN }[kind] ?? UNAVAILABLE);
/** 429 and a refused key come before anything runs. */
function wantOfStart(kind, effect) {
    if (effect) return SUCCEEDED;
    return ['busy', 'refused'].includes(kind) ? REFUSED_START : LOST;
}
const isGarbage = (kind, rule) => kind === 'odd' && rule.do !== 'redirect';

/** A toolbox means the key by 401, and a file's rights by 403. */
const wantOfToolbox = ({ status }) => ({ 401: FORBIDDEN, 429: THROTTLED }[status] ?? UNAVAILABLE);

/** 429 with a time that is longer than anybody waits: the job goes back until then. */
const tooLong = (rule) => rule.status === 429 && rule.headers;

/** A bare 502 while it runs: nobody answers in the sandbox any more. */
const lostWhilePolled = (kind, effect, rule) => (rule.status === 502 ? DIED : LOST);

/** A step: its call, after how many others like it, and what it comes to when the trouble passes
 *  and when it does not: by the kind of trouble, whether the request had its effect, the rule. */
const STEPS = [
    { step: 'create', match: CREATE,
        once: (kind, effect) => (effect ? SUCCEEDED : wantOfCreate(kind)),
        always: (kind, effect) => (effect ? SUCCEEDED : wantOfCreate(kind)) },
    { step: 'the first look', match: LOOK,
        once: (kind, effect, rule) => (tooLong(rule) ? THROTTLED
            : kind === 'refused' ? FORBIDDEN : SUCCEEDED),
        always: (kind) => (kind === 'refused' ? FORBIDDEN : UNAVAILABLE) },
    { step: 'the upload', match: UPLOAD, always: (kind, effect, rule) => wantOfToolbox(rule),
        once: (kind, effect, rule) => (kind === 'refused' || tooLong(rule) ? wantOfToolbox(rule)
            : SUCCEEDED) },
    { step: 'the session', match: SESSION,
        always: (kind, effect, rule) => (effect ? SUCCEEDED : wantOfToolbox(rule)),
        once: (kind, effect, rule) => (kind === 'refused' || tooLong(rule) ? wantOfToolbox(rule)
            : SUCCEEDED) },
    { step: 'the upload of the code', match: UPLOAD, skip: 1, always: () => NOT_STARTED,
        once: (kind, effect, rule) => (tooLong(rule) ? { ...NOT_STARTED, service_fault: false }
            : kind === 'refused' ? NOT_STARTED : SUCCEEDED) },
    { step: 'the start', match: EXEC, once: wantOfStart, always: wantOfStart },
    { step: 'a poll', match: STATUS, once: () => SUCCEEDED, always: lostWhilePolled },
    { step: 'the log', match: LOGS, once: () => SUCCEEDED, always: lostWhilePolled },
    { step: 'the results', match: RESULTS, once: () => SUCCEEDED,
        always: (kind, effect, rule) => (isGarbage(kind, rule) ? BAD_RESULTS : LOST) },
    { step: 'delete', match: DELETE, once: () => SUCCEEDED, always: () => SUCCEEDED,
        left: (kind, effect, rule) => kind === 'refused' || rule.headers?.['retry-after'] },
];

const canBeBoth = (rule, kind) => ['lost', 'fault', 'odd'].includes(kind) && !hasEffect(rule)
    && rule.do !== 'redirect';

function once() {
    const rows = [];
    for (const { step, match, skip = 0, left, once: want } of STEPS) {
        for (const [name, rule, kind] of troubles(trap.url)) {
            const both = [CREATE, SESSION, EXEC, DELETE].includes(match) && canBeBoth(rule, kind);
            for (const effect of both ? [false, true] : [hasEffect(rule)])
                rows.push({ name: `${step}: it ${name}${effect ? ', but did it' : ''}`,
                    rules: [{ ...rule, match, skip, effect }],
                    env: ['hang', 'slow'].includes(rule.do) ? callMs(8000) : {},
                    want: want(kind, effect, rule), left: left?.(kind, effect, rule) ? 1 : 0 });
        }
    }
    return rows;
}

const LASTING = ['resets the connection', 'says nothing', 'answers 502 without a body',
    'answers 401', 'answers 200 with HTML', 'answers 200 with a gzip bomb', 'redirects by 307'];

function always() {
    const rows = [];
    for (const { step, match, skip = 0, always: want } of STEPS) {
        for (const [name, rule, kind] of troubles(trap.url)) {
            if (!LASTING.includes(name)) continue;
            rows.push({ name: `${step}: it always ${name}`, env: callMs(3000),
                rules: [{ ...rule, match, skip, times: Infinity }],
                want: want(kind, hasEffect(rule), rule), left: match === DELETE ? 1 : 0 });
        }
    }
    return rows;
}

runTable('any trouble at any step', once(), harness);
runTable('trouble that lasts', always(), harness);
test('no redirect was followed', () => trap.checkUntouched());
