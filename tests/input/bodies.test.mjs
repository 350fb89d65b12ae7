// Bodies, fields and sizes (d.2, d.4) and methods, over one stack.
// Proves: T24 V8.2.3
import assert from 'node:assert/strict';
import { openWorld, runRows, checkLog } from './rows.mjs';
import { makeWorld, people } from './world.mjs';
import { json } from './json.mjs';
import { fields } from './fields.mjs';
import { sizes } from './sizes.mjs';
import { methods, allowed } from './methods.mjs';

const world = openWorld({ people, prepare: makeWorld, env: { BREAK_GLASS: '1' } });

runRows(world, 'JSON', json);
runRows(world, 'fields', fields);
runRows(world, 'sizes', sizes);
runRows(world, 'methods', methods, (answer, [, request]) => (
    assert.equal(answer.headers.get('allow'), allowed.get(request.split(' ')[2]))));
checkLog(world);
