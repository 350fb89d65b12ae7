// Programs that read and write files.
import { workbook } from './workbook.mjs';

const csv = 'city,sum\nRome,1.5\nOslo,2\n';
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWj' +
    'R9awAAAABJRU5ErkJggg==';

export const files = [
    {
        name: 'a CSV file written',
        code: 'open("out.csv", "w").write("a,b\\n1,2\\n")\nNone',
        files: { 'out.csv': 'a,b\n1,2\n' },
    },
    {
        name: 'a picture written',
        code: 'import base64\nwith open("dot.png", "wb") as f:\n' +
            `    f.write(base64.b64decode("${PIXEL}"))`,
        files: { 'dot.png': Buffer.from(PIXEL, 'base64') },
    },
    {
        name: 'any bytes written',
        code: 'with open("all.bin", "wb") as f:\n    f.write(bytes(range(256)) * 4)',
        files: { 'all.bin': Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256)) },
    },
    {
        name: 'an empty file written',
        code: 'open("empty.txt", "w").close()',
        files: { 'empty.txt': '' },
    },
    {
        name: 'names with blanks and letters of many scripts',
        code: 'open("größe 東京.txt", "w").write("x")\nNone',
        files: { 'größe 東京.txt': 'x' },
    },
    {
        name: 'an input read',
        input: { 'data.csv': csv },
        code: 'print(open("data.csv").read(), end="")',
        stdout: csv,
    },
    {
        name: 'an input overwritten',
        input: { 'data.csv': csv },
        code: 'open("data.csv", "a").write("Bonn,3\\n")\nNone',
        files: { 'data.csv': `${csv}Bonn,3\n` },
    },
    {
        name: 'a CSV file read with pandas',
        input: { 'data.csv': csv },
        code: 'import pandas as pd\npd.read_csv("data.csv").describe().loc[["mean"]]',
        table: { columns: [{ name: 'index', type: 'text' }, { name: 'sum', type: 'number' }],
                 rows: [['mean', 1.75]], total_rows: 1 },
    },
    {
        name: 'a JSON file read',
        input: { 'data.json': '{"a": [1, 2, {"b": null}]}' },
        code: 'import json\njson.load(open("data.json"))',
        result: "{'a': [1, 2, {'b': None}]}",
    },
    {
        name: 'a workbook read',
        input: { 'data.xlsx': workbook },
        code: 'import pandas as pd\npd.read_excel("data.xlsx")',
        table: { columns: [{ name: 'city', type: 'text' }, { name: 'sum', type: 'number' }],
                 rows: [['Rome', 7], ['Łódź', 8.5]], total_rows: 2 },
    },
    {
        name: 'an input of any bytes, of a name with a blank',
        input: { 'any thing.bin': Buffer.from([0, 255, 10, 13, 128]) },
        code: 'list(open("any thing.bin", "rb").read())',
        result: '[0, 255, 10, 13, 128]',
    },
    {
        name: 'nine files where eight may be',
        code: 'for i in range(9):\n    open(f"f{i}.txt", "w").write(str(i))',
        files: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`f${i}.txt`, String(i)])),
        stderr: 'countersign: 1 more were made but not handed back: the limit of this run is ' +
            'reached\n',
    },
    {
        name: 'a file that is too big',
        code: 'open("big.txt", "w").write("x" * 70_000)\nopen("ok.txt", "w").write("x")\nNone',
        limits: { file_bytes: 65536 },
        files: { 'ok.txt': 'x' },
        stderr: /^countersign: big.txt has 70000 bytes and was not handed back \(limit 65536\)\n$/,
    },
    {
        name: 'links, folders and hidden files',
        code: 'import os\nos.symlink("/etc/passwd", "link.txt")\nos.mkdir("folder")\n' +
            'open(".hidden", "w").write("x")\nopen("folder/in.txt", "w").write("x")\nNone',
        stderr: /^countersign: not handed back: 1 folders and 1 other things/,
    },
    {
        name: 'a file before an exception',
        code: 'open("part.csv", "w").write("a\\n")\nraise OSError("disk")',
        files: { 'part.csv': 'a\n' },
        outcome: 'failed', reason: 'exception', exit_code: 1, error: ['OSError', 'disk'],
        traceback: [/OSError: disk/],
    },
    {
        name: 'a file removed again',
        code: 'import os\nopen("x.txt", "w").close()\nos.remove("x.txt")',
    },
];
