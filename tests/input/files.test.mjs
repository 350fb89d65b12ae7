// Uploads (d.6) over one stack, and requests for what is not there.
import assert from 'node:assert/strict';
import { openWorld, runRows, checkLog } from './rows.mjs';
import { makeWorld, people } from './world.mjs';
import { files, MOST } from './files.mjs';

const world = openWorld({ people, prepare: makeWorld, env: { MAX_UPLOAD_BYTES: String(MOST) } });

runRows(world, 'files', files, async (answer, [, , body]) => {
    if (answer.status !== 201) return;
    const back = await world.who.ana.get(`/api/files/${answer.body.id}`);
    assert.ok(back.bytes.equals(body), 'it comes back as it was');
    assert.equal(back.headers.get('content-type'), 'application/octet-stream');
    assert.match(back.headers.get('content-disposition'), /^attachment; /);
    assert.match(back.headers.get('content-security-policy'), /^sandbox;/);
});
checkLog(world);
