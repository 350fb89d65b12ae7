// Who may what, for tests of what finds out who was given it otherwise.
import assert from 'node:assert/strict';
import { setUpFactor } from './authenticator.mjs';

/** Rights of each kind beside those of openJobs, changed and taken away again by the product
 *  itself: the ids of people by login. */
export async function makeRights(stack) {
    await stack.people({ sol: ['admin'], max: ['reviewer'] }, 'other');
    for (const words of ['person role max analyst,reviewer', 'person disable max',
                         'quorum set --risk low --team data --needed 2',
                         'quorum set --risk low --team data --needed 0',
                         'group set seniors --team data --people rob',
                         'quorum set --risk high --team data --needed 3',
                         'break-glass on', 'break-glass off',
                         'policy set sql.recursive --level medium --note slow'])
        await stack.operator(...words.split(' '));
    const rob = await stack.signIn('rob');
    const token = async (name) => (await rob.post('/api/tokens', { name, scopes: ['read'] })).body;
    const { id } = await token('ended');
    await token('script');
    assert.equal((await rob.del(`/api/tokens/${id}`)).status, 204);
    await stack.psql('superuser', `set search_path = cs;
        select identity_put('{"kind": "operator"}', null, p, 'https://id.example.org', 'rob')
        from person p where p.login = 'rob'`);
    const sol = await stack.signIn('sol');
    for (const client of [sol, rob]) {
        await client.post('/api/password', { password: 'correct horse battery' });
        await setUpFactor(client);
    }
    await stack.operator('person', 'reset-factor', 'rob');
    const rows = await stack.psql('superuser', 'select login, id from cs.person');
    return Object.fromEntries(rows.map(({ login, id }) => [login, id]));
}
