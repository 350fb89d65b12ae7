// A history that is old enough to be dropped, and two admins who agree to that.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { build, until } from './stack.mjs';

const DAYS = 400;

/** The sealer takes its time from a clock that is 400 days late: what is sealed now is old. */
export function ageSeals(stack) {
    return stack.psql('superuser', `do $$ begin
        execute replace(pg_get_functiondef('cs.seal_take(int)'::regprocedure),
            'clock_timestamp()', '(clock_timestamp() - interval ''${DAYS} days'')'); end $$`);
}

/** Until every row is under a seal. */
export const allSealed = (stack) => until(async () => (await stack.psql('superuser', `
    select count(*)::int as n from cs.audit_event
    where xid >= coalesce((select max(xid_to) from cs.audit_seal), '0')`))[0].n === 0, 'seals');

/** Two admins, whom the operator made. */
export async function admins(stack) {
    await stack.people({ eva: ['admin'], ida: ['admin'] });
    return { eva: await stack.signIn('eva'), ida: await stack.signIn('ida') };
}

async function must(promise, status) {
    const answer = await promise;
    if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`);
    return answer.body;
}

/** One proposes all that is old enough, the other one agrees: the proposal. */
export async function agree({ eva, ida }) {
    const { earliest } = await must(eva.get('/api/audit/retention'), 200);
    const { id } = await must(eva.post('/api/audit/retention',
        { before: earliest, reason: 'Kept for a year.' }), 201);
    return must(ida.post(`/api/audit/retention/${id}/agree`, {}), 200);
}

/** Runs `countersign audit …` with what an operator of that stack sets: {code, out, said}. */
export function audit(stack, words, env = {}) {
    const settings = { PATH: process.env.PATH, VERIFIER_DATABASE_URL: stack.database.verifier,
                       DATABASE_URL: stack.database.operator, ...stack.state.files, ...env };
    return new Promise((done) => {
        execFile(path.join(build, 'countersign'), ['audit', ...words.map(String)],
            { env: settings },
            (error, out, said) => done({ code: error?.code ?? 0, out, said }));
    });
}

/** What two admins agreed to is dropped into that folder. */
export async function drop(stack, people, folder) {
    await allSealed(stack);
    const { id } = await agree(people);
    const answer = await audit(stack, ['drop', id, folder]);
    if (answer.code) throw new Error(answer.said);
    await allSealed(stack);
    return { id, ...answer };
}
