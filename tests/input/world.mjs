// The people and things that the rows speak of: one team with an analyst, two reviewers and an
// admin, and two people of another team, to whom nothing of it is shown.
export const people = { ana: ['analyst'], rob: ['reviewer'], adm: ['admin'], bob: ['analyst'] };
const others = { bea: ['analyst'], oto: ['reviewer'] };

const BASE = { language: 'python', code: 'print(1)' };

async function must(promise, status) {
    const answer = await promise;
    if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`);
    return answer.body;
}

export async function makeWorld({ stack, who, names }) {
    await stack.people(others, 'other');
    for (const login of Object.keys(others)) who[login] = await stack.signIn(login);
    const rows = await stack.psql('superuser', `select
        (select id from cs.team where name = 'other') as other_team,
        (select id from cs.person where login = 'bob') as person`);
    Object.assign(names, rows[0]);
    const pending = await must(who.ana.post('/api/requests', BASE), 201);
    const cancelled = await must(who.ana.post('/api/requests', BASE), 201);
    await must(who.ana.post(`/api/requests/${cancelled.id}/cancel`), 200);
    Object.assign(names, {
        pending: pending.id, digest: pending.bundle_sha256,
        cancelled: cancelled.id, cancelled_digest: cancelled.bundle_sha256,
        foreign_request: pending.id,
        file: (await must(who.ana.upload('a.csv', 'a,b\n1,2\n'), 201)).id,
        foreign: (await must(who.bea.upload('b.csv', 'a,b\n3,4\n'), 201)).id,
    });
}
