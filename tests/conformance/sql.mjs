// Programs in SQL, over input files as tables.
const number = (name) => ({ name, type: 'number' });
const text = (name) => ({ name, type: 'text' });
const table = (columns, rows) => ({ columns, rows, total_rows: rows.length });
const customers = 'id,name\n1,Ada\n2,Böll\n3,Ćosić\n';
const orders = 'customer,sum,day\n1,10.5,2026-01-02\n1,4.5,2026-02-01\n2,,2026-02-03\n';
const input = { 'customers.csv': customers, 'orders.csv': orders };
const made = 'table customers from customers.csv: 3 rows, columns id, name\n' +
    'table orders from orders.csv: 3 rows, columns customer, sum, day\n';
const failed = (name, value, traceback) => ({
    outcome: 'failed', reason: 'exception', exit_code: 1, error: [name, value], traceback,
});

export const sql = [
    {
        name: 'SQL: a join over two CSV files',
        input, stdout: made,
        code: 'select c.name, count(o.customer) as orders, sum(o.sum) as total\n' +
            'from customers c left join orders o on o.customer = c.id group by c.id order by c.id',
        table: table([text('name'), number('orders'), number('total')],
            [['Ada', 2, 15], ['Böll', 1, null], ['Ćosić', 0, null]]),
    },
    {
        name: 'SQL: an error',
        input, stdout: made,
        code: 'select name\nfrom nobody',
        ...failed('OperationalError', 'no such table: nobody (statement at line 1)',
            [/OperationalError: no such table: nobody/, /line 1/, /from nobody/]),
    },
    {
        name: 'SQL: no SQL',
        code: 'select 1;\n\nselekt 2',
        ...failed('OperationalError', /near "selekt": syntax error \(statement at line 3\)/,
            [/selekt 2/]),
    },
    {
        name: 'SQL: no rows',
        input, stdout: made,
        code: "select * from customers where name = 'Nobody'",
        table: table([text('id'), text('name')], []),
    },
    {
        name: 'SQL: several statements',
        input, stdout: `${made}3 rows changed\n`,
        code: 'create table big as select * from customers;\n' +
            "update big set name = name || '!';\nselect name from big where id < 3 order by id;",
        table: table([text('name')], [['Ada!'], ['Böll!']]),
    },
    {
        name: 'SQL: no statement that gives rows',
        code: 'create table t (a); insert into t values (1), (2)',
        stdout: '2 rows changed\n',
    },
    {
        name: 'SQL: attaching a database is refused',
        code: "attach 'other.db' as other",
        ...failed('DatabaseError', /not authorized/, [/attach/]),
    },
    {
        name: 'SQL: changing a setting is refused',
        code: 'pragma writable_schema = on',
        ...failed('DatabaseError', /not authorized/, [/pragma/]),
    },
    {
        name: 'SQL: NULLs and kinds of values',
        code: "select null as n, 1 as i, 1.5 as f, 'x' as t, x'00ff' as b, 1e999 as inf",
        table: table([text('n'), number('i'), number('f'), text('t'), text('b'), text('inf')],
            [[null, 1, 1.5, 'x', "x'00ff'", null]]),
    },
    {
        name: 'SQL: days',
        input: { 'orders.csv': orders },
        stdout: 'table orders from orders.csv: 3 rows, columns customer, sum, day\n',
        code: "select strftime('%Y-%m', day) as month, count(*) as n, min(day) as first\n" +
            'from orders group by 1 order by 1',
        table: table([text('month'), number('n'), text('first')],
            [['2026-01', 1, '2026-01-02'], ['2026-02', 2, '2026-02-01']]),
    },
    {
        name: 'SQL: whole numbers beyond what JavaScript holds',
        code: 'select 9007199254740993 as id union all select 9223372036854775807',
        table: table([text('id')], [['9007199254740993'], ['9223372036854775807']]),
    },
    {
        name: 'SQL: many rows',
        code: 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)\n' +
            'select i, i * i as square from n',
        table: (got) => got.total_rows === 50000 && got.rows.length === 50000 &&
            got.rows.every(([i, square], at) => i === at + 1 && square === i * i),
    },
    {
        name: 'SQL: JSON and numbers that are names',
        input: {
            'events.json': '[{"id": 1, "tag": {"a": 1}}, {"id": 2}]',
            'zip.csv': 'zip\n01234\n',
        },
        stdout: 'table events from events.json: 2 rows, columns id, tag\n' +
            'table zip from zip.csv: 1 rows, columns zip\n',
        code: "select id, json_extract(tag, '$.a') as a, (select zip from zip) as zip from events",
        table: table([number('id'), number('a'), text('zip')],
            [[1, 1, '01234'], [2, null, '01234']]),
    },
    {
        name: 'SQL: quotes and lines in text',
        code: "select 'it''s; \"so\"' as a, 'two\nlines' as b -- the end;",
        table: table([text('a'), text('b')], [['it\'s; "so"', 'two\nlines']]),
    },
    {
        name: 'SQL: the time limit',
        code: 'with recursive n(i) as (select 1 union all select i + 1 from n)\n' +
            'select max(i) from n',
        limits: { wall_ms: 5000 },
        outcome: 'timed_out', reason: 'wall_time', exit_code: -1,
    },
];
