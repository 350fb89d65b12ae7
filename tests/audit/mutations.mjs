// Random single changes to what the audit trail covers, as SQL of somebody whom no trigger stops.

/** A small generator of numbers, the same for the same seed (mulberry32). */
export function numbers(seed) {
    let state = seed >>> 0;
    return (below) => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), state | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) % below;
    };
}

const ALL = null;
/** What is covered: all columns of a table, or these. The others follow a run as it goes on. */
const COVERED = {
    audit_event: ALL, audit_seal: ALL, decision: ALL, revision: ALL, retention: ALL,
    output_item: ALL, output_chunk: ALL, request_text: ALL,
    request: ['id', 'team_id', 'author_id', 'token_id', 'state', 'created_at', 'again_of',
        'revision', 'round'],
    attempt: ['id', 'request_id', 'revision', 'round', 'state', 'backend', 'fence', 'valid_until',
        'created_at', 'started_at', 'running_at', 'finished_at', 'exit_code', 'term_signal',
        'reason', 'error_name', 'error_value', 'duration_ms', 'cpu_ms', 'memory_peak_bytes',
        'output_truncated', 'results_sha256'],
    person: ALL, team: ALL, team_member: ALL, quorum_rule: ALL, approver_group: ALL, approver: ALL,
    break_glass: ALL, credential_event: ALL, external_identity: ALL,
    api_token: ['id', 'person_id', 'created_by', 'name', 'prefix', 'token_sha256', 'scopes',
        'created_at', 'expires_at', 'revoked_at'],
    policy_version: ALL, policy_rule: ALL,
    second_factor: ['person_id', 'since'], recovery_code: ['person_id', 'code_sha256'],
    cost_span: ALL, blob: ['sha256', 'bytes'], blob_chunk: ALL,
    revision_file: ['request_id', 'revision', 'file_id', 'sha256', 'name', 'bytes'],
    budget: ['id', 'kind', 'scope_id', 'period', 'soft_percent', 'limit_nano_usd', 'set_by',
        'ended_by'],
};

/** The tables with their columns and the places of their rows. */
export async function look(stack) {
    const columns = await stack.psql('superuser', `
        select c.table_name as table, c.column_name as name, c.data_type as type,
               c.is_nullable = 'YES' as nullable
        from information_schema.columns c
        where c.table_schema = 'cs' and c.table_name in ('${Object.keys(COVERED).join("','")}')
        order by 1, c.ordinal_position`);
    const [{ dropped }] = await stack.psql('superuser',
        "select exists (select from cs.retention where state = 'dropped') as dropped");
    const tables = [];
    for (const [name, some] of Object.entries(COVERED)) {
        const rows = await stack.psql('superuser',
            `select ctid::text as at from cs.${name} order by ctid`);
        if (rows.length) tables.push({ name, rows: rows.map(({ at }) => at),
                      columns: columns.filter((column) => column.table === name
                          && (some === ALL || some.includes(column.name))
                          // Only a whole history tells it.
                          && !(dropped && name === 'request' && column.name === 'round')) });
    }
    return tables;
}

/** Another value of a type than the one that is there. */
export const OTHERS = {
    bigint: (c, n) => `coalesce(${c}, 0) + ${1 + n(1000)}`,
    integer: (c, n) => `coalesce(${c}, 0) + ${1 + n(1000)}`,
    smallint: (c, n) => `coalesce(${c}, 0) + ${1 + n(100)}`,
    boolean: (c) => `not coalesce(${c}, false)`,
    xid8: (c, n) => `(coalesce(${c}::text::bigint, 0) + ${1 + n(1000)})::text::xid8`,
    bytea(c, n) {
        const at = `${n(1000)} % octet_length(${c})`;
        return `case when coalesce(octet_length(${c}), 0) = 0 then '\\x01'::bytea
            else set_byte(${c}, ${at}, get_byte(${c}, ${at}) # ${1 << n(8)}) end`;
    },
    ARRAY: (c, n) => `${c} || '{${pick(['admin', 'read', 'reviewer'], n)}}'::text[]`,
    jsonb: (c, n) => `case when jsonb_typeof(${c}) = 'object' then ${c} else '{}' end
        || '{"changed": ${n(1000)}}'`,
    text: (c, n) => `overlay(coalesce(${c}, '') placing '${'~#@%'[n(4)]}'
        from ${n(1000)} % (coalesce(length(${c}), 0) + 1) + 1 for ${n(2)})`,
    numeric: (c, n) => `coalesce(${c}, 0) + ${1 + n(1000)}`,
    'timestamp with time zone': (c, n) =>
        `coalesce(${c}, now()) + ${1 + n(1e6)} * interval '1 microsecond'`,
};
const pick = (list, n) => list[n(list.length)];

const KINDS = {
    change(table, n) {
        const column = pick(table.columns, n);
        const value = column.nullable && n(4) === 0 ? 'null' : OTHERS[column.type](column.name, n);
        return `update cs.${table.name} set ${column.name} = ${value}
            where ctid = '${pick(table.rows, n)}' and ${column.name} is distinct from ${value}`;
    },
    remove: (table, n) => `delete from cs.${table.name} where ctid = '${pick(table.rows, n)}'`,
    swap(table, n) {
        const column = pick(table.columns, n).name;
        const [one, two] = [pick(table.rows, n), pick(table.rows, n)];
        return `update cs.${table.name} t set ${column} = o.${column} from cs.${table.name} o
            where t.ctid in ('${one}', '${two}') and o.ctid in ('${one}', '${two}')
              and o.ctid <> t.ctid and t.${column} is distinct from o.${column}`;
    },
    // The end of the history: its rows and seals, as if the last part had never been.
    shorten: (table, n) => `with cut as (select s.xid_from as xid, s.n from cs.audit_seal s
            order by s.n desc limit 1 offset ${n(4)}),
        gone as (delete from cs.audit_seal s using cut where s.n >= cut.n)
        delete from cs.audit_event e using cut where e.xid >= cut.xid`,
    empty: (table) => `delete from cs.${table.name}`,
    // A row that was never written, in the place of none.
    add: (table, n) => `insert into cs.${table.name} overriding system value
        select (jsonb_populate_record(t, jsonb_build_object('${table.key}',
            (select max(${table.key}) + ${1 + n(5)} from cs.${table.name})))).*
        from cs.${table.name} t where t.ctid = '${pick(table.rows, n)}'`,
};
const KEYS = { audit_event: 'id', audit_seal: 'n', decision: 'id', revision: 'revision',
               retention: 'id', output_item: 'n', output_chunk: 'n', request_text: 'request_id',
               request: 'id', attempt: 'id', person: 'id', team: 'id', team_member: 'person_id',
               quorum_rule: 'id', approver_group: 'id', approver: 'person_id', break_glass: 'one',
               credential_event: 'id', external_identity: 'id', api_token: 'id',
               second_factor: 'person_id', recovery_code: 'person_id', policy_version: 'version',
               policy_rule: 'version', cost_span: 'id', blob: 'bytes', blob_chunk: 'n',
               revision_file: 'n', budget: 'id' };
const SHARES = [['change', 70], ['swap', 12], ['remove', 10], ['add', 6], ['shorten', 1],
                ['empty', 1]];

/** One change, as a line of SQL, with the words for it. */
export function mutation(tables, n) {
    let share = n(100);
    const [kind] = SHARES.find(([, weight]) => (share -= weight) < 0);
    const table = pick(tables, n);
    table.key = KEYS[table.name];
    return { kind, table: table.name, sql: KINDS[kind](table, n).replace(/\s+/g, ' ') };
}

// What a decision's signature is over, and the signature itself.
const SIGNED = ['request_id', 'revision', 'round', 'reviewer_id', 'verdict', 'bundle_sha256',
                'decided_at', 'valid_until', 'needed', 'signature', 'key_id', 'acknowledged'];
const VERDICTS = (c, n) => `case when ${c} = 'approve' then '${pick(['reject',
    'request_changes'], n)}' else 'approve' end`;

/** SQL of a function that makes the audit trail agree with a decision that was changed: its digest
 *  and the chain of its request are made anew, and no seal is left that would know better. */
export const COVER = `create function pg_temp.cover(d bigint) returns void language plpgsql as $f$
    declare
        e cs.audit_event;
        before bytea := '\\x';
        of_request bigint;
    begin
        delete from cs.audit_seal;
        update cs.audit_event x set row_digests = x.row_digests || jsonb_build_object(
            'decision:' || d, (select cs.decision_digest(c) from cs.decision c where c.id = d))
            where x.row_digests ? ('decision:' || d) returning x.entity_id into of_request;
        for e in select * from cs.audit_event x where x.entity = 'request'
                 and x.entity_id = of_request order by x.entity_seq loop
            e.prev_hash := before;
            e.hash := cs.audit_leaf(e);
            before := e.hash;
            update cs.audit_event x set prev_hash = e.prev_hash, hash = e.hash where x.id = e.id;
        end loop;
    end $f$`.replace(/\s+/g, ' ');

/** Another decision than was signed, with an audit trail that says the same. */
export function forgery(tables, n) {
    const table = tables.find(({ name }) => name === 'decision');
    const column = pick(table.columns.filter(({ name }) => SIGNED.includes(name)), n);
    const value = column.nullable && n(4) === 0 ? 'null'
        : (column.name === 'verdict' ? VERDICTS : OTHERS[column.type])(column.name, n);
    return { column: column.name, sql: `do $$ declare d bigint; begin
        update cs.decision set ${column.name} = ${value} where ctid = '${pick(table.rows, n)}'
            and ${column.name} is distinct from ${value} returning id into d;
        if d is null then raise 'nothing changed'; end if;
        perform pg_temp.cover(d); end $$`.replace(/\s+/g, ' ') };
}
