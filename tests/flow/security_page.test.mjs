// The page that says which test proves what: it knows what is missing, and what is not there.
import test from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { faults, proofsIn } from '../../tools/security_page.mjs';
import { root } from './stack.mjs';

const mark = 'Proves'; // apart, for this file proves none of them

test('a mark at the head of a file is about all of it, one above a test about that', () => {
    assert.deepEqual(proofsIn('tests/flow/a.test.mjs', `// A file.
// ${mark}: T1 V8.2.1
import x from 'y';
// ${mark}: I2
test('it\\'s held', () => {
`), [{ id: 'T1', label: '`flow/a`' }, { id: 'V8.2.1', label: '`flow/a`' },
     { id: 'I2', label: '`flow/a` (it\'s held)' }]);
    assert.deepEqual(proofsIn('tests/unit/test_a.c', `/* ${mark}: T19a */
static void nothing_leaks(void **state)
`), [{ id: 'T19a', label: '`unit/test_a` (nothing leaks)' }]);
    assert.deepEqual(proofsIn('tests/sql/a.sql', `-- ${mark}: I1\nselect 1;`),
                     [{ id: 'I1', label: '`sql/a`' }]);
});

test('it tells of an id without a test, and of one that nobody knows', () => {
    const known = new Map([['T1', undefined], ['T2', undefined], ['T3', 'there is none yet']]);
    assert.deepEqual(faults(known, new Map([['T1', ['`a`']], ['T2', ['`a`']]])), []);
    assert.deepEqual(faults(known, new Map([['T1', ['`a`']]])), ['no test proves T2']);
    assert.deepEqual(faults(known, new Map([['T1', ['`a`']], ['T2', ['`a`']], ['T9', ['`b`']]])),
                     ['`b` proves T9, which nobody knows']);
    assert.deepEqual(faults(known, new Map([['T1', ['`a`']], ['T2', ['`a`']], ['T3', ['`b`']]])),
                     ['T3 is said not to hold, and is proved']);
});

test('the pages are what the tests say', () => {
    const said = execFileSync('node', ['tools/security_page.mjs', '--check'],
                              { cwd: root, encoding: 'utf8' });
    assert.equal(said, '');
});
