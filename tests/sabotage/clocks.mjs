// Defences of clocks: reminders, escalations, and what ends by itself.
export default [
    { id: 'clock-once', defence: 'A reminder or an escalation is told once a round',
      file: 'sql/functions/clocks.sql',
      was: 'where d.at >= r.clock_at order by d.at loop',
      becomes: 'where d.at is not null order by d.at loop',
      test: ['sql/clocks.sql', 'the sweep escalates'] },
    { id: 'clock-round', defence: 'Each round of review has a clock of its own',
      file: 'sql/functions/moves.sql',
      was: `if new.state = 'pending' and (new.round, new.state) <> (old.round, old.state) then`,
      becomes: `if new.state = 'pending' and new.state <> old.state then`,
      test: ['sql/clocks.sql', 'a revision starts a clock of its own'] },
    { id: 'clock-seen', defence: 'What is overdue is listed for who may see it',
      file: 'sql/functions/reads_lists.sql',
      was: 'k.overdue and r.id > after_id\n'
          + '          and (q is null or request_has(r.id, q)) and can_see(who, r)',
      becomes: 'k.overdue and r.id > after_id\n'
          + '          and (q is null or request_has(r.id, q))',
      test: ['sql/clocks.sql', 'but no reviewers of others'] },
];
