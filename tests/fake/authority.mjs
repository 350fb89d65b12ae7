// Real certificates for served faults: one authority, and what is right or wrong below it.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const KINDS = {
    good: { name: 'IP:127.0.0.1', days: ['-days', '2'] },
    'wrong name': { name: 'DNS:elsewhere.example', days: ['-days', '2'] },
    expired: { name: 'IP:127.0.0.1', days: ['-days', '-1'] },
};

/** {caFile, servers: {good, 'wrong name', expired, 'self-signed', 'unknown authority'}: {key,
 *  cert}, remove()}. */
export function makeCertificates() {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'countersign-tls-'));
    chmodSync(folder, 0o755); // whoever trusts it may have given up its rights
    const run = (...words) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const read = (name) => readFileSync(path.join(folder, name));
    const authority = (name) => run('req', '-x509', ...key, '-keyout', `${name}.key`, '-out',
        `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`);
    const servers = {};
    const sign = (title, ca, { name, days }) => {
        writeFileSync(path.join(folder, 'names'), `subjectAltName=${name}\n`);
        run('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server');
        run('x509', '-req', '-in', 'server.csr', '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`,
            '-CAcreateserial', ...days, '-extfile', 'names', '-out', 'server.pem');
        servers[title] = { key: read('server.key'), cert: read('server.pem') };
    };
    authority('ours');
    authority('theirs');
    for (const [title, kind] of Object.entries(KINDS)) sign(title, 'ours', kind);
    sign('unknown authority', 'theirs', KINDS.good);
    run('req', '-x509', ...key, '-keyout', 'self.key', '-out', 'self.pem', '-days', '2', '-subj',
        '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1');
    servers['self-signed'] = { key: read('self.key'), cert: read('self.pem') };
    return { caFile: path.join(folder, 'ours.pem'), servers,
        remove: () => rmSync(folder, { recursive: true }) };
}
