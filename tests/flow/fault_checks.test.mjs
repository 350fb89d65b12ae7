// What `make fault` compares with can itself be wrong: a planted loss, repeat, double start and
// unapproved start are each seen, and nothing is where all is well.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Found, acknowledgements, onceOnly, starts } from '../fault/check.mjs';
import { chosen, single } from '../fault/matrix.mjs';
import { named, unlike } from '../fault/points.mjs';
import { Random } from '../fault/random.mjs';

const CODE = 'c0de';
const rows = () => ({
    requests: [{ id: 1, state: 'succeeded', author_id: 3, retry_safe: false, title: 'a' },
        { id: 2, state: 'pending', author_id: 3, again_of: 1, title: 'a' }],
    revisions: [{ request_id: 1, revision: 1, bundle: 'b1', code: CODE },
        { request_id: 2, revision: 1, bundle: 'b2', code: CODE }],
    decisions: [{ id: 7, request_id: 1, revision: 1, verdict: 'approve', reviewer_id: 4 }],
    attempts: [{ id: 5, request_id: 1, revision: 1, started: true }],
    events: [{ id: 1, event: 'decision.undo' }],
});
const acknowledged = [
    { at: 1000, what: 'submit', id: 1, revision: 1, bundle: 'b1', author: 3, mark: 'a' },
    { at: 3000, what: 'decide', id: 1, revision: 1, decision: 7, verdict: 'approve', reviewer: 4 },
    { at: 3001, what: 'undo', id: 1 }, { at: 3002, what: 'result', id: 1, state: 'succeeded' },
    { at: 3003, what: 'again', id: 2, of: 1 },
];
const start = { at: 1, attempt: 5, sha256: CODE };

// What is found once the database is as it should be, but for one change.
function found(change = () => {}) {
    const all = rows();
    change(all);
    return new Found(all);
}
const lost = (change) => acknowledgements({ acknowledged }, found(change), []).lost
    .map(({ what }) => what);

test('everything is there, and what was answered within a second of a fault is near', () => {
    const result = acknowledgements({ acknowledged }, found(), [{ at: 2001 }]);
    assert.deepEqual(result, { compared: 5, near: 2, lost: [] });
});

for (const [what, change] of [
    ['submit', (all) => all.revisions.shift()],
    ['submit', (all) => { all.revisions[0].bundle = 'b9'; }],
    ['decide', (all) => all.decisions.pop()],
    ['decide', (all) => { all.decisions[0].verdict = 'reject'; }],
    ['undo', (all) => all.events.pop()],
    ['result', (all) => { all.requests[0].state = 'failed'; }],
    ['again', (all) => all.requests.pop()],
]) test(`a lost ${what} is seen: ${change}`, () => assert.deepEqual(lost(change), [what]));

test('what was repeated is there once', () => {
    assert.deepEqual(onceOnly({ refused: [] }, found(), new Map([['a', 1]])), []);
    assert.equal(onceOnly({ refused: [] }, found(), new Map()).length, 1);
    assert.equal(onceOnly({ refused: ['a'] }, found(), new Map([['a', 1]])).length, 1);
});

test('starts', () => {
    assert.deepEqual(starts([start], found(), new Map()), { starts: 1, double: 0, wrong: [] });
    assert.equal(starts([start, start], found(), new Map()).double, 1);
    const seen = new Map();
    starts([start], found(), seen);
    assert.equal(starts([start], found(), seen).double, 1, 'in a later trial');
    const wrong = (list, change) => starts(list, found(change), new Map()).wrong.length;
    assert.equal(wrong([{ ...start, sha256: 'other' }]), 1, 'other bytes');
    assert.equal(wrong([{ ...start, attempt: 6 }]), 1, 'an attempt that is not there');
    assert.equal(wrong([start], (all) => { all.attempts[0].started = false; }), 1, 'no commit');
    assert.equal(wrong([start], (all) => all.decisions.pop()), 1, 'no approval');
});

test('two runs of one request count as double, unless it is safe to run twice', () => {
    const second = (safe) => (all) => {
        all.attempts.push({ id: 6, request_id: 1, revision: 1, started: true });
        all.requests[0].retry_safe = safe;
    };
    const both = [start, { ...start, attempt: 6 }];
    assert.equal(starts(both, found(second(false)), new Map()).double, 1);
    assert.equal(starts(both, found(second(true)), new Map()).double, 0);
});

test('the table of fault points is that of the code, and every row has its seed', () => {
    assert.deepEqual(unlike(), []);
    const seeds = Array.from({ length: 150 }, (_, n) => chosen(n + 1, new Random(n + 1)));
    const rowsSeen = new Set(seeds.flat().map(({ name }) => name));
    assert.deepEqual(single.filter(({ name }) => !rowsSeen.has(name)), []);
    const points = new Set(seeds.flat().flatMap((deed) => deed.points));
    assert.deepEqual(named.filter(({ name }) => !points.has(name)), []);
});
