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
    retention: {
      title: 'Dropping old rows',
      about:
        'Two admins agree to drop what was sealed before a day, then an operator exports those ' +
        'rows and drops them. Their seals stay, so the rest of the trail can still be proved, ' +
        'and so can the export. Rows of requests that are not over, and of people and teams, stay.',
      before: 'Sealed before',
      earliest: (day: string) => `${day} at the latest. Days are in UTC.`,
      reason: 'Reason',
      propose: 'Propose',
      proposed: 'Proposed. Another admin must agree.',
      agree: 'Agree',
      agreed: 'Agreed. Now an operator can drop it.',
      withdraw: 'Withdraw',
      withdrawn: 'Withdrawn. Nothing was dropped.',
      own: 'Another admin must agree.',
      next: 'An operator exports and drops it with:',
      command: (id: number) => `countersign audit drop ${id} DIR`,
      upTo: (seal: string, at: string) => `Up to seal ${seal}, made ${at}`,
      rows: (n: number) => many(n, 'row', 'rows'),
      by: (what: string, name: string, at: string) => `${what} by ${name}, ${at}`,
      states: {
        proposed: 'Proposed',
        agreed: 'Agreed',
        withdrawn: 'Withdrawn',
        dropped: 'Dropped',
      },
      dropped: (gone: number, kept: number) =>
        `${many(gone, 'row', 'rows')} dropped, ${formatNumber(kept)} of these seals kept`,
      manifest: 'Digest of the export\u2019s manifest',
      none: 'Nothing was ever dropped.',
      past: 'Earlier',
      loadFailed: 'What was dropped could not be loaded.',
      cancelled: 'Not done: you have not confirmed that it is you.',
    },
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
    verified: {
      never: 'Never verified',
      neverAbout: 'What the command countersign audit verify --record finds is told here.',
      whole: 'Whole when verified',
      unsealed: 'Whole when verified, but not sealed to its end',
      broken: 'Broken when verified',
      old: 'Not verified for a week',
      upTo: (n: number) => `Up to seal ${formatNumber(n)}`,
      against: (rows: number, heads: number) =>
        `${many(rows, 'row', 'rows')} read, held against ${many(heads, 'head', 'heads')}`,
    },
  },
};
