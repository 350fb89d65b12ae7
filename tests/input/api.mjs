// The tables that the api itself works by, as `countersign-api --routes` prints them.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { root } from '../flow/stack.mjs';

export const { routes, errors } = JSON.parse(
    execFileSync(path.join(root, 'build/countersign-api'), ['--routes'], { encoding: 'utf8' }));
