// Signs decisions as the api does, with the key of a private stack.
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex'); // then the seed

/** Each field with its length before it, as cs.fields has them. */
export function encode(fields) {
    return Buffer.concat(fields.flatMap((field) => {
        const bytes = Buffer.isBuffer(field) ? field : Buffer.from(String(field));
        const length = Buffer.alloc(4);
        length.writeUInt32BE(bytes.length);
        return [length, bytes];
    }));
}

function readKey(keyFile) {
    const [, , key_id, seed] = readFileSync(keyFile, 'utf8').trim().split(' ');
    return { key_id, key: createPrivateKey({ format: 'der', type: 'pkcs8',
        key: Buffer.concat([PKCS8_ED25519, Buffer.from(seed, 'base64')]) }) };
}

function signWith(keyFile, fields) {
    const { key_id, key } = readKey(keyFile);
    return { key_id, signature: sign(null, encode(fields), key).toString('hex') };
}

/** A head as the sealer has it, with other words: {2: 7} makes it one of seal 7. */
export function signHead(keyFile, head, words) {
    const text = Object.assign(head.split(' ').slice(0, -1), words).join(' ');
    return `${text} ${sign(null, Buffer.from(text), readKey(keyFile).key).toString('hex')}`;
}

/** {key_id, signature} of a statement on retention {instance, id, seal, seal_hash, person_id,
 *  at_ms, role}. */
export const signRetention = (keyFile, s) => signWith(keyFile, ['countersign-retention-v1',
    s.instance, s.id, s.seal, Buffer.from(s.seal_hash, 'hex'), s.person_id, s.at_ms, s.role]);

/** {key_id, signature, form} of a decision {bundle_sha256, request_id, revision, round,
 *  reviewer_id, verdict, needed, decided_ms, valid_ms, acknowledged}; form 1 is as decisions once
 *  were signed. */
export function signDecision(keyFile, d) {
    const { acknowledged = [], form = 2 } = d;
    const read = form === 1 ? [] : [acknowledged.length, ...acknowledged];
    const signed = signWith(keyFile, [
        `countersign-decision-v${form}`, Buffer.from(d.bundle_sha256, 'hex'), d.request_id,
        d.revision, d.round, d.reviewer_id, d.verdict, d.needed, d.decided_ms,
        ['approve', 'break_glass'].includes(d.verdict) ? d.valid_ms : 0,
        ...read]);
    return { ...signed, form };
}

/** The secret key of decisions of a stack. */
export const decisionKey = (stack) =>
    stack.state.files.DECISION_KEYS_FILE.replace('/keys/decision.pub', '/api/decision.key');

/** The secret key of its seals. */
export const sealKey = (stack) =>
    stack.state.files.SEAL_KEYS_FILE.replace('/keys/seal.pub', '/api/seal.key');
