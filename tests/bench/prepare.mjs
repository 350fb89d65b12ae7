// A stack with an agent that submits, a reviewer who decides, and a sandbox that is ready.
import { startStack, until } from '../flow/stack.mjs';
import { warmedUp } from './memory.mjs';

export const SECONDS = Number(process.env.SECONDS ?? 5);

async function tokenOf(stack, login, scopes) {
    const client = await stack.signIn(login);
    const { status, body, text } = await client.post('/api/tokens', { name: 'bench', scopes });
    if (status !== 201) throw new Error(`token: ${status} ${text}`);
    return { id: client.person.id, token_id: body.id, token: body.token,
             client: stack.client(body.token) };
}

export async function prepare(env, sandbox = 'local', variant = '') {
    const stack = await startStack({ variant, env: { MAX_WAITING_PER_PERSON: '1000000', ...env } });
    await stack.people({ ana: ['analyst'], rob: ['reviewer'] });
    const bench = { stack, seconds: SECONDS, warmed: () => warmedUp(stack, 2) };
    bench.agent = await tokenOf(stack, 'ana', ['read', 'submit']);
    bench.reviewer = await tokenOf(stack, 'rob', ['read', 'decide']);
    bench.limits = (await bench.agent.client.get('/api/me')).body.settings.limits;
    await until(async () => {
        const { body } = await bench.agent.client.get('/api/workers');
        return body?.workers?.some((worker) => worker.backends?.[sandbox]?.ready);
    }, `the sandbox ${sandbox}`);
    return bench;
}

/** One whose worker runs nothing (noop/local.c): what is left is our own part of a run. */
export const prepareNoop = (env = {}) =>
    prepare({ WORKER_SLOTS: '100', LOCAL_SLOTS: '100', LOCAL_WARM: '0', ...env }, 'local', 'bench');
