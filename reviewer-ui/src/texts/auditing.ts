// Texts of the Audit view.
import { formatNumber } from '../base/format';
import { many } from './many';

const such: Record<string, string> = {
  time: 'such as 2026-11-01',
  person: 'login',
  team: 'name',
  number: 'number',
};

export const auditing = {
  audit: {
    title: 'Audit',
    intro: 'Questions about who did what. Each one you ask is recorded, before it runs.',
    notAllowed: 'Only admins can ask the audit trail.',
    questions: 'Questions',
    search: 'Search questions',
    noQuestion: 'No question has these words.',
    own: 'Your own query',
    ownAbout:
      'One SQL statement over the audit views. It reads, and can do nothing else; it stops after ' +
      '10 seconds, 10,000 rows or 8 MiB.',
    sql: 'SQL',
    sqlHint: 'Ctrl Enter runs it. Tab indents; Esc, then Tab leaves the field.',
    views: (n: number) => `${formatNumber(n)} views`,
    statement: 'The statement',
    toOwn: 'Change it as your own query',
    mustBeEmpty: 'Must be empty',
    required: 'needed',
    such,
    anyOf: (type: string) => `any, ${such[type] ?? ''}`,
    run: 'Run',
    running: (span: string) => `Running ${span} of at most 10 s`,
    cancel: 'Cancel',
    cancelled: 'Cancelled. Nothing was changed.',
    csv: 'CSV',
    csvOf: (what: string) => `Download the answer as CSV: ${what}`,
    answer: 'Answer',
    first: 'The answer appears here.',
    empty: 'No rows.',
    isEmpty: 'No rows, as it must be.',
    notEmpty: 'This must be empty. Look at each row.',
    rows: (n: number, ms: number) => `${many(n, 'row', 'rows')} in ${formatNumber(ms)} ms`,
    truncated: (n: number) =>
      `Only the first ${many(n, 'row', 'rows')}: the answer was too large. Ask for less.`,
    failed: 'This did not run',
    place: (line: number, column: number) => `Line ${line}, column ${column}`,
    loadFailed: 'The questions could not be loaded.',
    head: {
      title: 'Audit seal',
      unknown: 'Not known how far it is sealed',
      none: 'Not sealed yet',
      noneAbout: 'Rows are chained for each request, but no api signs seals over them.',
      late: 'Sealing is late',
      upTo: (row: number) => `Sealed up to row ${formatNumber(row)}`,
      waiting: (n: number) => `${many(n, 'row is', 'rows are')} not sealed,`,
      first: (span: string) => `the first for ${span}`,
      newest: (n: number) => `Seal ${formatNumber(n)}`,
      sealedAt: (at: string) => `made ${at}`,
      key: (id: string) => `key ${id}`,
      root: 'Merkle root of the rows under it',
      copy: 'Copy head',
      download: 'Download head',
      short: (n: string) => `Seal ${n}`,
    },
  },
};
