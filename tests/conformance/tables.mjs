// Programs that hand back tables and charts.
const pandas = (code) => `import pandas as pd\n${code}`;
const plots = (code) => `import matplotlib.pyplot as plt\n${code}`;
const number = (name) => ({ name, type: 'number' });
const text = (name) => ({ name, type: 'text' });
const time = (name) => ({ name, type: 'time' });
const table = (columns, rows, total = rows.length) => ({ columns, rows, total_rows: total });
const orders = 'pd.DataFrame({"city": ["Rome", "Oslo", "Rome"], "sum": [1.5, 2, 4]})';

export const tables = [
    {
        name: 'a table',
        code: pandas(`print("rows")\n${orders}`),
        stdout: 'rows\n',
        table: table([text('city'), number('sum')], [['Rome', 1.5], ['Oslo', 2], ['Rome', 4]]),
    },
    {
        name: 'a grouped table with a named index',
        code: pandas(`${orders}.groupby("city").sum()`),
        table: table([text('city'), number('sum')], [['Oslo', 2], ['Rome', 5.5]]),
    },
    {
        name: 'an index of two levels',
        code: pandas('d = pd.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"], "n": [5, 6, 7]})\n' +
            'd.set_index(["a", "b"])'),
        table: table([number('a'), text('b'), number('n')],
            [[1, 'x', 5], [1, 'y', 6], [2, 'x', 7]]),
    },
    {
        name: 'columns of two levels',
        code: pandas(`${orders}.groupby("city")[["sum"]].agg(["min", "max"])`),
        table: table([text('city'), number('sum / min'), number('sum / max')],
            [['Oslo', 2, 2], ['Rome', 1.5, 4]]),
    },
    {
        name: 'missing and infinite values',
        code: pandas('nan, inf = float("nan"), float("inf")\n' +
            'pd.DataFrame({"n": [1.0, nan, inf, -inf], "t": ["a", None, nan, "nan"],\n' +
            '    "d": pd.to_datetime(["2026-01-02", None, None, None])})'),
        table: table([number('n'), text('t'), time('d')],
            [[1, 'a', '2026-01-02'], [null, null, null], [null, null, null], [null, 'nan', null]]),
    },
    {
        name: 'days and times',
        code: pandas('times = pd.to_datetime(["2026-03-29 02:30", "2026-10-25 00:00"])\n' +
            'pd.DataFrame({"day": pd.to_datetime(["2026-01-01", "2026-12-31"]), "time": times,\n' +
            '    "utc": times.tz_localize("UTC")})'),
        table: table([time('day'), time('time'), time('utc')], [
            ['2026-01-01', '2026-03-29T02:30:00', '2026-03-29T02:30:00+00:00'],
            ['2026-12-31', '2026-10-25T00:00:00', '2026-10-25T00:00:00+00:00'],
        ]),
    },
    {
        name: 'whole numbers beyond what JavaScript holds',
        code: pandas('pd.DataFrame({"id": [2**53 + 1, 2**63 - 1], "n": [1, 2]})'),
        table: table([text('id'), number('n')],
            [['9007199254740993', 1], ['9223372036854775807', 2]]),
    },
    {
        name: 'true, false and categories',
        code: pandas('pd.DataFrame({"ok": [True, False], "c": pd.Categorical(["b", "a"])})'),
        table: table([{ name: 'ok', type: 'boolean' }, text('c')], [[true, 'b'], [false, 'a']]),
    },
    {
        name: 'a table without rows',
        code: pandas(`d = ${orders}\nd[d["sum"] > 99]`),
        table: table([number('index'), text('city'), number('sum')], []),
    },
    {
        name: 'a table without columns',
        code: pandas('pd.DataFrame(index=pd.RangeIndex(0))'),
        table: table([], []),
    },
    {
        name: 'a series',
        code: pandas('pd.Series([3, 1], index=["a", "b"], name="n")'),
        table: table([text('index'), number('n')], [['a', 3], ['b', 1]]),
    },
    {
        name: 'two columns of one name',
        code: pandas('pd.DataFrame([[1, "x"]], columns=["a", "a"])'),
        table: table([number('a'), text('a')], [[1, 'x']]),
        differs: { e2b: { rule: 'columns', stderr: /columns are not unique/ } },
    },
    {
        name: 'letters of many scripts in a table',
        code: pandas('pd.DataFrame({"Größe": ["東京", "שלום", "𝒳", "a\\"b\\nc"]})'),
        table: table([text('Größe')], [['東京'], ['שלום'], ['𝒳'], ['a"b\nc']]),
    },
    {
        name: 'a table that is too long',
        code: pandas('pd.DataFrame({"n": range(100_000)})'),
        limits: { file_bytes: 65536 },
        table: (got) => got.total_rows === 100_000 && got.rows.length > 5000 &&
            got.rows.every(([n], i) => n === i),
        stderr: /^countersign: the table shows \d+ of 100000 rows/,
    },
    {
        name: 'a chart',
        code: plots('plt.plot([1, 2, 4])\nplt.title("growth")\nprint("drawn")'),
        stdout: 'drawn\n', charts: 1,
    },
    {
        name: 'two figures',
        code: plots('for n in (1, 2):\n    plt.figure()\n    plt.bar(["a", "b"], [n, 2])\nNone'),
        charts: 2,
    },
    {
        name: 'a figure as the last value',
        code: plots('figure, axes = plt.subplots()\naxes.plot([3, 1])\nfigure'),
        charts: 1,
    },
    {
        name: 'what a drawing function returns',
        code: plots('plt.plot([1, 2, 4])'),
        charts: 1,
    },
    {
        name: 'plt.show',
        code: plots('plt.plot([1, 2])\nplt.show()'),
        charts: 1,
    },
    {
        name: 'a chart and a table',
        code: pandas(plots(`d = ${orders}\nd.plot(x="city", y="sum")\nd`)),
        charts: 1,
        table: table([text('city'), number('sum')], [['Rome', 1.5], ['Oslo', 2], ['Rome', 4]]),
    },
    {
        name: 'a chart before an exception',
        code: plots('plt.plot([1, 2])\nraise ValueError("after")'),
        charts: 1,
        outcome: 'failed', reason: 'exception', exit_code: 1, error: ['ValueError', 'after'],
        traceback: [/ValueError: after/],
    },
];
