// Every program that must give the same on every backend.
import { ends } from './ends.mjs';
import { files } from './files.mjs';
import { output } from './output.mjs';
import { sql } from './sql.mjs';
import { tables } from './tables.mjs';
import { values } from './values.mjs';

export const programs = [...output, ...values, ...ends, ...tables, ...files,
    ...sql.map((program) => ({ language: 'sql', ...program }))];
