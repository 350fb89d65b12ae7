// Defences of budgets: nothing is reserved beyond a limit, nothing is lost of what is reserved.
const asked = 'sql/functions/budget.sql';
const reserved = 'sql/functions/budget_reserve.sql';
const setting = 'sql/functions/budget_set.sql';
const settled = 'sql/functions/budget_settle.sql';
const attempts = 'sql/functions/attempts.sql';
const sql = (name) => ['sql/budgets.sql', name];
const set = (name) => ['sql/budget_set.sql', name];
const two = (name) => ['flow/budget_two.test.mjs', name];

const reserving = [
    { id: 'budget-fits', defence: 'What does not fit in a budget is not reserved',
      file: reserved,
      was: 'or a.settled + a.reserved + k.wanted - k.has <= k.limit_nano_usd);',
      becomes: 'or true);',
      test: sql('and nothing more') },
    { id: 'budget-none', defence: 'What does not fit in one budget is reserved in none',
      file: reserved,
      was: 'set reserved = a.reserved - greatest(t.wanted - t.has, 0)',
      becomes: 'set reserved = a.reserved',
      test: sql('is reserved in none') },
    { id: 'budget-bound', defence: 'A run is reserved for all its time, and the time around it',
      file: asked,
      was: '(wall_ms / 1000.0 + 60)', becomes: '1',
      test: sql('a request reserves the most it may cost') },
    { id: 'budget-revised', defence: 'A revision must fit, too',
      file: 'sql/functions/revisions.sql',
      was: 'perform budget_revise(r, v);', becomes: 'null;',
      test: sql('a revision that does not fit is refused') },
    { id: 'budget-start', defence: 'A start reserves what the sandbox that was made may cost',
      file: attempts,
      was: 'from budget_reserve(start_wants(without_faults(held, faults))) f);',
      becomes: 'from budget_reserve(array[]::budget_want[]) f);',
      test: sql('a bigger sandbox has more reserved when it starts') },
    { id: 'budget-trigger', defence: 'No start by hand either with nothing reserved',
      file: 'sql/functions/authority.sql',
      was: `when k.is_short then 'budget' end)`, becomes: 'end)',
      test: sql('no UPDATE starts what has nothing reserved') },
    { id: 'budget-claim', defence: 'What has no room makes no sandbox again and again',
      file: 'sql/functions/claims.sql',
      was: `and (a.release_reason <> 'budget' or budget_has_room(a.id))`, becomes: '',
      test: sql('it is not claimed while there is no room') },
    { id: 'budget-hint', defence: 'Workers are not told of what has no room',
      file: 'sql/functions/sweep.sql',
      was: `and (a.release_reason <> 'budget' or budget_has_room(a.id))`, becomes: '',
      test: sql('nor hinted at') },
    { id: 'budget-lowered', defence: 'What was reserved before a limit was lowered may run',
      file: reserved,
      was: 'and (k.wanted <= k.has\n', becomes: 'and (false\n',
      test: set('what was reserved before may run') },
    { id: 'budget-period', defence: 'What is reserved stays with the period that it was taken in',
      file: reserved,
      was: 'coalesce(h.starts_at, cs.period_start(b.period, now())), b.limit_nano_usd,',
      becomes: 'cs.period_start(b.period, now()), b.limit_nano_usd,',
      test: set('what was reserved in a period is settled in it') },
    { id: 'budget-order', defence: 'Batches lock all their accounts in one order, at once',
      file: 'sql/functions/budget_locks.sql',
      was: `if has_budgets() then
        perform budgets_lock(people, array(`, becomes: `if false then
        perform budgets_lock(people, array(`,
      test: two('batches that are run one by one do not wait for each other in a circle') },
];

const settling = [
    { id: 'budget-back', defence: 'What is over holds nothing of a budget',
      file: settled,
      was: 'perform cs.budget_release(new.id);', becomes: 'null;',
      test: sql('a reject gives it back') },
    { id: 'budget-settled', defence: 'What a run has cost is counted',
      file: settled,
      was: 'set settled = a.settled + d.settled, reserved', becomes: 'set reserved',
      test: sql('the end settles what it cost, and gives back the rest') },
    { id: 'budget-once', defence: 'An estimate does not count beside the true cost',
      file: settled,
      was: 'and c.nano_usd is not null and cost_counts(c)', becomes: 'and c.nano_usd is not null',
      test: sql('evidence settles what it cost') },
    { id: 'budget-lost', defence: 'A lost run keeps what it has reserved',
      file: settled,
      was: `and (is_over or a.state <> 'unknown' or c.fence < a.fence);`, becomes: ';',
      test: sql('and keeps what it has reserved') },
    { id: 'budget-unknown', defence: 'A cost that nobody knows leaves what was reserved',
      file: settled,
      was: `when is_over and is_known then 'done'`, becomes: `when is_over then 'done'`,
      test: sql('what a lost run has reserved stays where nobody can say what it cost') },
    { id: 'budget-refused', defence: 'A sandbox whose start was refused is paid for',
      file: attempts,
      was: 'perform cost_refused(r, a, usage);', becomes: 'null;',
      test: sql('the sandbox that was made for it is paid for') },
];

const telling = [
    { id: 'budget-begins', defence: 'A budget begins with what its period has cost already',
      file: setting,
      was: 'from budget_spent(b, only_id) s order by', becomes:
      'from budget_spent(b, only_id) s where false order by',
      test: sql('it begins with what this month has cost already') },
    { id: 'budget-waits', defence: 'A budget is set once all that saw none are over',
      file: setting,
      was: 'perform pg_advisory_xact_lock(7026, 23);\n    before :=', becomes: 'before :=',
      test: two('what is spent while a budget is set is counted') },
    { id: 'budget-told', defence: 'The audit trail is told once a period',
      file: asked,
      was: 'where w.holds and w.what <> all (a.told)', becomes: 'where w.holds',
      test: sql('once a period') },
    { id: 'budget-admin', defence: 'Only admins set a budget',
      file: setting,
      was: 'who person := admin_of(actor);\nbegin\n    return budget_put(',
      becomes: 'who person;\nbegin\n    return budget_put(',
      test: set('others do not') },
    { id: 'budget-end-admin', defence: 'Only admins end a budget',
      file: setting,
      was: 'who person := admin_of(actor);\nbegin\n    if not budget_drop(',
      becomes: 'who person;\nbegin\n    if not budget_drop(',
      test: set('nor end one') },
    { id: 'budget-own', defence: 'An analyst sees the budgets that hold them alone',
      file: setting,
      was: `'admin' = any (p.roles))
             then $1 end))`, becomes: `'admin' = any (p.roles))
             then null::bigint end))`,
      test: set('and no other') },
];

export default [...reserving, ...settling, ...telling];
