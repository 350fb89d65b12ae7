// The services' own npm clients, unchanged, for any Node.js of 18 or later: they are made for
// newer ones, where a CommonJS package may require an ES module, so their files are joined first.
import { buildSync } from 'esbuild';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the package exports. */
export async function npmClient(name) {
    const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'countersign-npm-'));
    const file = path.join(folder, 'client.cjs');
    try {
        buildSync({ stdin: { contents: `export * from '${name}';`, resolveDir: ROOT },
            outfile: file, bundle: true, platform: 'node', format: 'cjs', target: 'node18',
            mainFields: ['module', 'main'], logLevel: 'error' });
        return createRequire(import.meta.url)(file);
    } finally {
        await fs.rm(folder, { recursive: true });
    }
}
