// docs/openapi.yaml as code: its operations, and whether an answer is one that it promises.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import YAML from 'yaml';
import { root } from '../flow/stack.mjs';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

export const doc = YAML.parse(readFileSync(path.join(root, 'docs/openapi.yaml'), 'utf8'));
// What is ours (x-codes) and what is OpenAPI's (examples) is nothing to a validator.
const ajv = new Ajv2020({ strict: false, allErrors: false });
addFormats.default(ajv);
ajv.addSchema(doc, 'api');

/** What a node stands for: its $ref, if any, with its own keys over it. */
export function resolve(node) {
    if (!node?.$ref) return node;
    const { $ref, ...rest } = node;
    const target = $ref.slice(2).split('/').reduce(
        (at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], doc);
    return { ...resolve(target), ...rest };
}

const escaped = (key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
const validators = new Map();

/** A validator for the schema at these keys of the document, found through each $ref. */
function validatorOf(keys) {
    const at = keys.map(escaped).join('/');
    if (!validators.has(at)) validators.set(at, ajv.compile({ $ref: `api#/${at}` }));
    return validators.get(at);
}

/** [{method, path, name, keys, operation, parameters}]; `name` is as the api's own table has it. */
export const operations = Object.entries(doc.paths).flatMap(([where, item]) => METHODS
    .filter((method) => item[method]).map((method) => ({
        method: method.toUpperCase(), path: where, keys: ['paths', where, method],
        name: `${method.toUpperCase()} ${where.replace(/\{(?!scope\})\w+\}/g, '{id}')}`,
        operation: item[method],
        parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(resolve),
    })));

const literal = (text) => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
const patterns = operations.map((one) => [
    one, new RegExp(`^${literal(one.path).replace(/\{\w+\}/g, '[^/]+')}$`)]);

export function operationOf(method, target) {
    const [where] = target.split('?');
    return patterns.find(([one, pattern]) => one.method === method && pattern.test(where))?.[0];
}

// Where a response is described: keys of the document.
function responseKeys({ keys, operation }, name) {
    const { $ref } = operation.responses[name];
    return $ref ? $ref.slice(2).split('/') : [...keys, 'responses', name];
}

// What is wrong with an answer that should be the response of that name; null when nothing is.
function problemWith(found, name, answer) {
    const { content } = resolve(found.operation.responses[name]);
    if (!content) return answer.text === '' ? null : 'there is a body';
    const type = answer.headers.get('content-type').split(';')[0];
    if (content[type] === undefined) return `${type} is not among ${Object.keys(content)}`;
    if (type !== 'application/json') return null;
    const keys = [...responseKeys(found, name), 'content', type, 'schema'];
    const valid = validatorOf(keys);
    if (!valid(answer.body)) return ajv.errorsText(valid.errors);
    const codes = content[type].schema['x-codes'];
    return !codes || codes.includes(answer.body.error.code) ? null : `the code is none of ${codes}`;
}

/** Fails unless the document promises this answer to this request, in status, type and body. */
export function checkAnswer(method, target, answer) {
    const found = operationOf(method, target);
    assert.ok(found, `${method} ${target} is not described`);
    const names = [String(answer.status), ...(answer.status >= 400 ? ['default'] : [])]
        .filter((name) => found.operation.responses[name]);
    const problems = names.map((name) => problemWith(found, name, answer));
    assert.ok(problems.includes(null),
              `${method} ${target} ${answer.status}: ${problems[0]}: ${answer.text}`);
    return found;
}

/** The JSON bodies of an operation: [{schema, example}], one for each that it offers. */
export function bodiesOf({ operation }) {
    const content = resolve(operation.requestBody)?.content?.['application/json'];
    if (!content) return [];
    const schema = resolve(content.schema);
    const examples = Object.values(content.examples).map((example) => resolve(example).value);
    const choices = schema.oneOf?.map(resolve) ?? [schema];
    return choices.map((choice, i) => ({ schema: choice, example: examples[i] }));
}
