// Defences of input files, costs and budgets in the audit trail: what verify reads of them.
const inputs = 'admin/audit/verify_inputs.c';
const money = 'admin/audit/verify_money.c';
const queries = 'sql/queries/verify_money.sql';
const told = (name) => ['flow/audit_money.test.mjs', name];

const FILES = 'the bytes of an input file have its digest';
const BUDGET = 'a budget is as the audit trail has it';
const ACCOUNT = 'an account is the sum of what runs hold of it, and within its limit';
const HELD = 'what runs hold of budgets is what they cost';
const OLDER = 'costs of before are known by their id, and no others';
const WHOLE = 'what the product itself did is whole, to the role that verifies, too';

const ofInputs = [
    { id: 'inputs-bytes', defence: 'An input file has its digest', file: inputs,
      was: 'memcmp(digest, input->sha256, sizeof digest) == 0', becomes: 'true',
      test: told(FILES) },
    { id: 'inputs-length', defence: 'An input file is as long as it is said to be', file: inputs,
      was: 'input->bytes == input->said_bytes)', becomes: 'true)', test: told(FILES) },
    { id: 'inputs-order', defence: 'An input file lacks no part', file: inputs,
      was: 'if (rows_integer(rows, row, N) != input->count++)', becomes: 'if (false)',
      test: told(FILES) },
    { id: 'inputs-none', defence: 'An input file is not gone', file: queries,
      was: `where c.sha256 = b.sha256 and c.n = 0) end`,
      becomes: `where c.sha256 = b.sha256 and c.n = 0) and false end`, test: told(FILES) },
    { id: 'inputs-bound', defence: 'Each file that a version binds is there', file: queries,
      was: '(f.bytes, f.bytes, f.sha256, f.name)) s (id, what, why)',
      becomes: '(f.bytes, f.bytes, f.sha256, f.name) and false) s (id, what, why)',
      test: told('each file that a version binds is there') },
];

const ofCosts = [
    { id: 'costs-covered', defence: 'A cost is as the audit trail has it', file: money,
      was: 'return verify_is_covered(verify, key, digest) ||',
      becomes: 'return verify_is_covered(verify, key, digest) || true ||',
      test: told('what a run cost is as the audit trail has it') },
    { id: 'costs-older', defence: 'A cost that came since the trail covers costs is in it',
      file: money, was: 'id <= verify->costs_older', becomes: 'true', test: told(OLDER) },
    { id: 'costs-strange', defence: 'An older cost is of the run of who asked', file: money,
      was: 'return rows_count(rows) == 0 || fault(verify, rows, 0, err);', becomes: 'return true;',
      test: told(OLDER) },
    { id: 'costs-baseline', defence: 'A later baseline makes no cost an older one',
      file: queries, was: "select coalesce(min((e.body ->> 'last')::int8), 0)",
      becomes: "select coalesce(max((e.body ->> 'last')::int8), 0)", test: told(OLDER) },
    { id: 'costs-none', defence: 'What made no sandbox has no cost',
      file: 'sql/functions/prices.sql',
      was: "if jsonb_typeof(cost) is distinct from 'object' then",
      becomes: "if jsonb_typeof(cost) <> 'object' then",
      test: ['sql/attempts.sql', 'and what made no sandbox has no cost'] },
    { id: 'costs-finish', defence: 'What a run cost leaves its digest', file:
      'sql/functions/finish.sql', was: "attempt_ends(t) || coalesce(c.digest, '{}')),",
      becomes: 'attempt_ends(t)),', test: told(WHOLE) },
    { id: 'costs-lost', defence: 'An estimate leaves its digest',
      file: 'sql/functions/prices.sql', was: "'estimated', estimated), cost_digest(c));",
      becomes: "'estimated', estimated));", test: told(WHOLE) },
];

const ofBudgets = [
    { id: 'budgets-set', defence: 'A budget is what was set', file: queries,
      was: "t.body ->> 'soft_percent', t.body ->> 'period', t.actor_id)",
      becomes: "t.body ->> 'soft_percent', t.body ->> 'period', t.actor_id) and false",
      test: told(BUDGET) },
    { id: 'budgets-ended', defence: 'A budget ended when somebody ended it', file: queries,
      was: 'when (b.ended_at is null) <> (e.id is null)', becomes: 'when false',
      test: told(BUDGET) },
    { id: 'budgets-sums', defence: 'An account is the sum of its holds', file: queries,
      was: 'is distinct from (a.opening + a.spent, a.held) or a.is_due',
      becomes: 'is null', test: told(ACCOUNT) },
    { id: 'budgets-limit', defence: 'An account is within its limit', file: queries,
      was: "is not true then 'is used beyond its limit' end", becomes: 'is null then null end',
      test: told(ACCOUNT) },
    { id: 'budgets-began', defence: 'An account began with what had been spent', file: queries,
      was: 'when b.opening < b.least then', becomes: 'when false then', test: told(ACCOUNT) },
    { id: 'budgets-more', defence: 'An account began with no more than had been spent',
      file: queries, was: 'case when b.opening > b.most then', becomes: 'case when false then',
      test: told(ACCOUNT) },
    { id: 'budgets-cost', defence: 'What a run cost is what budgets count', file: queries,
      was: 'when h.settled not in (c.spent, c.spent_first)', becomes: 'when false',
      test: told(HELD) },
    { id: 'budgets-ends', defence: 'A run that ended holds nothing', file: queries,
      was: 'when h.reserved > 0 and c.is_known', becomes: 'when false', test: told(HELD) },
    { id: 'budgets-over', defence: 'A request that is over holds nothing', file: queries,
      was: 'when h.attempt_id = 0 and h.reserved > 0', becomes: 'when false', test: told(HELD) },
    { id: 'budgets-else', defence: 'Nobody spends what is somebody else\'s', file: queries,
      was: 'when h.scope_id is distinct from case h.kind when', becomes:
      'when false and h.scope_id = case h.kind when', test: told(HELD) },
    { id: 'budgets-counted', defence: 'A cost under a budget is counted', file: queries,
      was: 'where p.is_true and p.ended_at > b.set_at', becomes: 'where false',
      test: told(HELD) },
];

export default [...ofInputs, ...ofCosts, ...ofBudgets];
