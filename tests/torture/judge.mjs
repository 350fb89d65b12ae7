// What is wrong with what came of one trial.
import { constants } from 'node:os';
import { until } from '../flow/stack.mjs';
import { difference } from './bed.mjs';

const OUT_OF_MEMORY = 'memory.none'; // what our own allocations say before they give up

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const diedOfMemory = (end, said) => [constants.signals.SIGABRT, 'SIGABRT'].includes(end.signal)
    && said.includes(OUT_OF_MEMORY);

const lines = (text) => text.trim().split('\n').slice(-4).join('\n').slice(-900);

// Whether it ended, and said how it went, as a program should.
function judgeEnd({ outcome, plan, family, end, said }) {
    if (outcome.hung) return `never ended: ${lines(said)}`;
    if (end.signal && !(family === 'memory' && diedOfMemory(end, said)))
        return `ended by ${end.signal}: ${lines(said)}`;
    if (!plan.fired && !outcome.ok) return `failed though nothing did: ${outcome.text ?? said}`;
    if (!outcome.ok && !outcome.told && !end.signal)
        return `a failure that was not told: ${outcome.text ?? `${outcome.code} ${said}`}`;
    if (outcome.ok && plan.output) return 'it said to be done, but what it prints was not written';
    if (family === 'redis' && !outcome.ok)
        return `failed, where nothing may depend on Redis: ${outcome.text}`;
    return '';
}

/** '' when nothing is wrong. `whole` is the change that the row makes, `ended` how the api did. */
export async function judge(bed, { before, whole, outcome, plan, family, ended }) {
    const said = ended ? await bed.stack.log('api') : outcome.said ?? '';
    const wrong = judgeEnd({ outcome, plan, family, end: ended ?? outcome, said });
    if (wrong) return wrong;
    let made;
    const settled = async () => {
        made = difference(before, await bed.rows());
        return same(made, whole) || (!outcome.ok && same(made, {}));
    };
    if (await until(settled, 'a whole change or none').catch(() => false)) return '';
    return `${outcome.ok ? 'done' : 'failed'}, but in the database is ${JSON.stringify(made)}`
        + ` instead of ${JSON.stringify(whole)}`;
}
