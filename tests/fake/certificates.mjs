// Certificates for services that we play, good and bad ones.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(os.tmpdir(), 'countersign-certificates-'));
chmodSync(folder, 0o755); // who reads them may be another user
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const openssl = (...words) => execFileSync('openssl', words, { stdio: 'pipe' });

/** {key, cert, file}: signed by itself, so that its file is also the authority. `days` may be
 *  negative: it ended before now. */
export function certificate({ name = 'IP:127.0.0.1', days = 2 } = {}) {
    const base = path.join(folder, `${++made}`);
    const [key, request, file] = ['key', 'request', 'pem'].map((end) => `${base}.${end}`);
    openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
        '-keyout', key, '-out', request, '-subj', '/CN=test', '-addext', `subjectAltName=${name}`);
    openssl('x509', '-req', '-in', request, '-signkey', key, '-days', `${days}`,
        '-copy_extensions', 'copy', '-out', file);
    return { key: readFileSync(key), cert: readFileSync(file), file };
}
