// Defences of what the trail keeps of decisions that were refused.
const refusals = 'sql/functions/refusals.sql';
const refused = 'sql/refusals.sql';

export default [
    { id: 'refused-door', defence: 'Who tries to decide and is barred at the door is in the trail',
      file: 'api/dispatch.c',
      was: 'decision_barred(call, err);', becomes: '',
      test: ['flow/api_people.test.mjs', 'who may not decide at all is known to have tried'] },
    { id: 'refused-own', defence: 'A try at one\'s own request is told apart in the trail',
      file: refusals,
      was: "case when own_request(r.id, who.id) then 'own_request' else code end",
      becomes: 'code',
      test: [refused, 'the author is known to have tried'] },
    { id: 'refused-unseen', defence: 'Nobody writes into the trail of what they do not see',
      file: refusals,
      was: 'q.id = request_id and can_see(who, q);', becomes: 'q.id = request_id;',
      test: [refused, 'and nothing is kept of it'] },
    { id: 'refused-flood', defence: 'Who only tries does not fill the disk with it',
      file: refusals,
      was: 'order by e.id desc offset 59 limit 1), false);',
      becomes: 'order by e.id desc offset 5900 limit 1), false);',
      test: [refused, 'sixty within a minute are kept of one person'] },
    ...[['no_factor', "'no_factor', 'not_fresh'", "'not_fresh'",
         'and kept: it may be another person'],
        ['not_fresh', "'not_fresh', 'fresh'", "'fresh'", 'and kept: it proves too little'],
        ['stale_digest', "'stale_digest', 'digest'", "'digest'",
         'and kept: they are not what waits'],
        ['unsigned', "'digest', 'unsigned'", "'digest'", 'and kept: it came past the api'],
    ].map(([code, was, becomes, title]) => ({
        id: `refused-${code}`, defence: `An approval that is ${code} is in the trail`,
        file: refusals, was, becomes, test: [refused, title] })),
];
