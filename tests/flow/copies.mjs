// Many more requests than anybody could make one by one: copies of those which are there.

// What belongs to requests; every column of these names is shifted by the same for a copy.
const TABLES = ['request', 'request_text', 'revision', 'decision', 'attempt', 'attempt_decision',
    'output_item', 'output_chunk', 'cost_span', 'audit_event'];
const KEYS = ['id', 'request_id', 'attempt_id', 'decision_id', 'entity_id',
              'review_key'];
const AT_ONCE = 2; // sessions
const NAME = 'copies';

/** How far apart the keys of one copy are from those of the next. */
async function stepOf(stack) {
    const tables = ['request', 'attempt', 'decision', 'cost_span', 'audit_event'];
    const [{ step }] = await stack.psql('superuser',
        `select greatest(${tables.map((t) => `(select max(id) from cs.${t})`)}) + 1 as step`);
    return step;
}

async function columnsOf(stack) {
    const rows = await stack.psql('superuser', `select table_name as t, array_agg(column_name::text
            order by ordinal_position) as columns
        from information_schema.columns
        where table_schema = 'cs' and table_name = any ('{${TABLES}}') group by 1`);
    return Object.fromEntries(rows.map(({ t, columns }) => [t, columns]));
}

function statement(table, columns, { where, step, from, to }) {
    const owner = columns.includes('request_id') ? 't.request_id'
        : table === 'request' ? 't.id'
            : table === 'audit_event' ? `case t.entity when 'request' then t.entity_id end`
                : '(select a.request_id from cs.attempt a where a.id = t.attempt_id)';
    const values = columns.map((name) =>
        (KEYS.includes(name) ? `t.${name} - ${step} * k` : `t.${name}`));
    return `insert into cs.${table} (${columns}) overriding system value
        select ${values} from (select * from cs.${table} t where ${owner} > 0
            and ${owner} in (${where})) t
        cross join generate_series(${from}::bigint, ${to}) k`;
}

/** As many copies of every request whose id `where` selects, with all that belongs to them, as if
 *  they had been there long before: their keys are below zero
 *  (and so no copy is copied). Checks and triggers are not asked.
 *  `first`: the number of the first copy, for who copies more than once with the same `step`. */
export async function copyRequests(stack, { where, copies, first = 1, step }) {
    step ??= await stepOf(stack);
    const columns = await columnsOf(stack);
    const part = async (from, to) => {
        const each = TABLES.map((table) =>
            statement(table, columns[table], { where, step, from, to }));
        await stack.psql('superuser', [`set application_name = '${NAME}'`,
            'set session_replication_role = replica', ...each].join(';\n'));
    };
    const size = Math.ceil(copies / AT_ONCE);
    const parts = [];
    for (let from = first; from < first + copies; from += size)
        parts.push(part(from, Math.min(from + size, first + copies) - 1));
    await Promise.all(parts);
    return { step, next: first + copies };
}

/** True once the sessions that copied have ended, and so have told what they read and wrote. */
export const copiesEnded = async (stack) => (await stack.psql('superuser',
    `select pid from pg_stat_activity where application_name = '${NAME}'`)).length === 0;
