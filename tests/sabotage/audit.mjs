// Defences of the sealed audit trail: what is sealed, what verify compares, and keys.
const seals = 'admin/verify_seals.c';
const tables = 'admin/verify_tables.c';
const mutations = ['flow/audit_mutations.test.mjs', 'every single change is found'];

const unit = (name) => ['unit/test_signing.c', name];

export default [
    { id: 'key-overwrite', defence: 'No key file is overwritten',
      file: 'common/base/signing.c', was: 'O_WRONLY | O_CREAT | O_EXCL',
      becomes: 'O_WRONLY | O_CREAT',
      test: unit('test_a_key_is_made_for_its_owner_and_never_overwritten') },
    { id: 'key-retired', defence: 'Nothing counts that a retired key signs later',
      file: 'common/base/signing.c', was: '(!key->retired_ms || signed_ms <= key->retired_ms)',
      becomes: 'true', test: unit('test_keys_take_turns') },
    { id: 'key-purpose', defence: 'A key signs only what it was made for',
      file: 'common/base/signing.c', was: 'if (strcmp(line.purpose, purpose) != 0)',
      becomes: 'if (false)',
      test: unit('test_what_is_no_secret_key_is_refused') },
    { id: 'seal-final', defence: 'No row is sealed before its transaction is over',
      file: 'sql/functions/seals.sql', was: 'where x.xid >= made.xid_from and x.xid < until',
      becomes: 'where x.xid >= made.xid_from',
      test: ['sql/seals.sql', 'nothing that a running transaction may add to'] },
    { id: 'seal-next', defence: 'A seal is the next one, or none',
      file: 'sql/functions/seals.sql',
      was: 'where s.n = (select coalesce(max(o.n), 0) + 1 from audit_seal o)',
      becomes: 'where s.n > (select coalesce(max(o.n), 0) from audit_seal o)',
      test: ['sql/seals.sql', 'nor one that leaves a gap'] },
    { id: 'seal-rewound', defence: 'An older copy of the history is not sealed over',
      file: 'api/sealer.c', was: '(known && !holds(rows, &last, err))', becomes: 'false',
      test: ['flow/audit_verify.test.mjs',
             'an older copy of the history is found by a head, and not sealed over'] },
    { id: 'verify-head', defence: 'A head that left must still hold',
      file: seals, was: 'last && verify->head_at < verify->options->head_count', becomes: 'false',
      test: ['flow/audit_verify.test.mjs',
             'an older copy of the history is found by a head, and not sealed over'] },
    { id: 'verify-decision', defence: 'A decision is as the audit trail has it',
      file: tables, was: 'is_covered(verify, (const int64_t[]){MARK_DECISION, id, 0}, digest) ||',
      becomes: 'is_covered(verify, (const int64_t[]){MARK_DECISION, id, 0}, digest) || true ||',
      test: mutations },
    { id: 'verify-counts', defence: 'A revision\'s counts follow from its code',
      file: tables, was: 'rows_integer(rows, row, COUNTS)', becomes: 'COUNTS', test: mutations },
];
