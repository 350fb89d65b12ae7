// What somebody at the machine does: the operator's command, and SQL as the auditor.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const programs = process.env.COUNTERSIGN_PROGRAMS ?? 'build';

/** Runs `countersign WORDS…`; resolves with what it printed. */
export async function operator(...words) {
    const { stdout } = await run(`${programs}/countersign`, words);
    return stdout.trim();
}

/** Rows of a query on the audit views, each a list of texts, the names first. */
export async function auditor(query) {
    const { stdout } = await run('psql', [process.env.COUNTERSIGN_DB_AUDITOR, '--no-psqlrc',
        '--quiet', '--csv', '--set=ON_ERROR_STOP=1', `--command=${query}`]);
    return readCsv(stdout);
}

/** CSV as RFC 4180 has it: quotes, doubled quotes, line breaks within quotes. */
export function readCsv(text) {
    const field = /(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n|$)/y;
    const rows = [];
    let row = [];
    while (field.lastIndex < text.length) {
        const found = field.exec(text);
        if (!found) throw new Error('not CSV');
        const [, quoted, plain, end] = found;
        row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
        if (end === ',') continue;
        rows.push(row);
        row = [];
    }
    return rows;
}
