// The rows of the matrix: which fault at which moment. Each seed has one of them.
import { atPoint, cut, inTransaction, processes, sandboxes } from './deeds.mjs';
import { named } from './points.mjs';

const inCode = named.filter(({ process }) => process !== 'sql').map(({ name }) => name);
const only = (...parts) => inCode.filter((name) => parts.some((part) => name.includes(part)));

const stopped = ['api.decide.after_commit', 'api.submit.after_commit',
    ...only('worker.').filter((name) => !name.includes('remote'))];
const databaseGone = [...only('submit', 'decide', 'push'), ...only('worker.')]
    .filter((name) => !/heartbeat|output_cap|delete/.test(name));
const redisGone = ['api.submit.after_commit', 'api.decide.after_commit', 'api.push.before',
    'worker.claim.before', 'worker.finish.after_commit'];
const statements = ['submit_requests', 'decide_requests', 'cancel_requests', 'claim_attempts',
    'start_attempts', 'finish_attempts', 'heartbeat', 'sweep'];
const transactions = [
    { point: 'sql.submit.in_tx', statement: 'submit_requests', table: 'revision' },
    { point: 'sql.decide.in_tx', statement: 'decide_requests', table: 'attempt_decision' },
];

export const single = [
    ...inCode.map((name) => atPoint(name, 'kill')),
    ...stopped.map((name) => atPoint(name, 'stop')),
    ...databaseGone.map((name) => atPoint(name, 'postgres')),
    ...redisGone.map((name) => atPoint(name, 'redis')),
    ...transactions.flatMap((where) => ['kill', 'stop', 'postgres']
        .map((strike) => inTransaction(where, strike))),
    ...statements.flatMap((name) => ['before', 'after'].map((when) => cut(name, when))),
    ...processes, ...sandboxes,
];

const PAIRS = 12;
const SPREAD = 67; // so that neighbouring seeds differ in kind

/** Those of a seed: one, or for the last rows two. Every row comes once in so many seeds. */
export function chosen(seed, random) {
    const rows = single.length + PAIRS;
    const row = (seed * SPREAD) % rows;
    if (row < single.length) return [single[row]];
    return random.shuffled(single).slice(0, 2);
}
