// Values that a schema does not allow, each with what the api must say of it: made of the schema
// alone, so that a new field is tried as soon as it is described.
import { resolve } from './openapi.mjs';

const SAMPLES = {
    string: 'text', integer: 7, number: 7.5, boolean: true, array: [], object: {}, null: null,
};
const PATTERN_BREAKERS = ['nope', 'g', '!', '\u00e4', ' ', 'A', "' or 1=1"];
const DELETED = Symbol('deleted');

/** Written as it is into the JSON text: numbers that no JavaScript number holds. */
export class Raw {
    constructor(text) { this.text = text; }
}

const typeOf = (schema) => (schema.enum ? 'string' : schema.type);
const fits = (type, name) => name === type || (type === 'number' && name === 'integer');
const wrongTypes = (type) => Object.entries(SAMPLES).filter(([name]) => !fits(type, name))
    .map(([name, value]) => [`${name} for ${type}`, value, 'invalid_field']);

function wrongWords({ enum: words }) {
    return ['', 'nope', words[0].toUpperCase(), `${words[0]} `, `${words[0]},${words[0]}`,
            'x'.repeat(1000)].map((word) => [`the word ${word.slice(0, 12)}`, word,
                                             'invalid_field']);
}

function wrongStrings({ minLength = 0, maxLength, pattern, 'x-characters': characters }) {
    const rows = [];
    if (minLength > 0) rows.push(['too short', 'x'.repeat(minLength - 1), 'invalid_field']);
    if (maxLength) {
        rows.push(['a letter too long', 'x'.repeat(maxLength + 1), 'invalid_field']);
        const letters = characters ? maxLength + 1 : maxLength;
        rows.push(['letters of two bytes', '\u00e4'.repeat(letters), 'invalid_field']);
    }
    for (const text of pattern ? PATTERN_BREAKERS : []) {
        const filled = text.repeat(Math.ceil(minLength / text.length)).slice(0, maxLength);
        if (!new RegExp(pattern).test(filled))
            rows.push([`unlike ${pattern.slice(0, 12)}`, filled, 'invalid_field']);
    }
    return [...rows, ['NUL', 'a\0b', 'invalid_json'],
            ['half a character', new Raw('"\\ud800"'), 'invalid_json']];
}

function wrongIntegers({ minimum, maximum }) {
    const beyond = [minimum - 1, maximum + 1, -(2 ** 31), 2 ** 53, -(2 ** 53)]
        .filter((value) => value < minimum || value > maximum);
    return [...beyond.map((value) => [`the number ${value}`, value, 'invalid_field']),
            ...['0.5', '1e308', '-0.0', '1e0', '7.0'].map((text) => [
                `the real ${text}`, new Raw(text), 'invalid_field']),
            ...['9223372036854775808', '-9223372036854775809', '9'.repeat(400), '1e999', '01', '+1',
                'NaN'].map((text) => [`the number ${text.slice(0, 20)}`, new Raw(text),
                                      'invalid_json'])];
}

function wrongArrays({ minItems = 0, maxItems, items }, path) {
    const item = goodItem(items);
    const rows = [];
    if (minItems > 0) rows.push(['no items', [], 'invalid_field']);
    if (maxItems) rows.push(['an item too many', Array(maxItems + 1).fill(item), 'invalid_field']);
    const inner = Object.keys(resolve(items)).length ? wrongs(items, `${path}.0`) : [];
    return [...rows.map(([what, value, code]) => [path, what, value, code]),
            ...inner.map(([at, what, value, code]) => [at, what, [value], code])];
}

/** A value of a schema that is as simple as it can be. */
function goodItem(given) {
    const schema = resolve(given);
    if (schema.enum) return schema.enum[0];
    if (schema.type === 'object')
        return Object.fromEntries((schema.required ?? []).map(
            (name) => [name, goodItem(schema.properties[name])]));
    return schema.type === 'integer' ? schema.minimum ?? 1 : SAMPLES[schema.type] ?? 1;
}

function wrongObjects(schema, path) {
    const below = (name) => (path ? `${path}.${name}` : name);
    const base = goodItem(schema);
    const rows = schema.additionalProperties === true ? [] : [
        [below('nope'), 'an unknown field', { ...base, nope: 1 }, 'unknown_field'],
        [below('__proto__x'), 'another unknown field', { ...base, __proto__x: {} },
         'unknown_field']];
    for (const name of schema.required ?? [])
        rows.push([below(name), 'missing', { ...base, [name]: undefined }, 'missing_field']);
    for (const [name, property] of Object.entries(schema.properties ?? {}))
        for (const [at, what, value, code] of wrongs(property, below(name)))
            rows.push([at, what, { ...base, [name]: value }, code]);
    return rows;
}

const BY_TYPE = { string: wrongStrings, integer: wrongIntegers, boolean: () => [] };

/** [path of the field, what is wrong, value, code] for everything that a schema does not allow. */
export function wrongs(given, path) {
    const schema = resolve(given);
    const type = typeOf(schema);
    const rows = [...wrongTypes(type), ...(schema.enum ? wrongWords(schema) : []),
                  ...(schema.enum ? [] : (BY_TYPE[type] ?? (() => []))(schema))];
    const here = rows.map(([what, value, code]) => [path, what, value, code]);
    if (type === 'array') return [...here, ...wrongArrays(schema, path)];
    if (type === 'object') return [...here, ...wrongObjects(schema, path)];
    return here;
}

/** The same for a body: [path, what, {field: value}, code], to be laid over a good one. */
export function wrongFields(schema) {
    const rows = [['nope', 'unknown', { nope: 1 }, 'unknown_field'],
                  ['a.b', 'unknown with a dot', { 'a.b': null }, 'unknown_field']];
    for (const name of schema.required ?? [])
        rows.push([name, 'missing', { [name]: DELETED }, 'missing_field']);
    for (const [name, property] of Object.entries(schema.properties ?? {}))
        for (const [at, what, value, code] of wrongs(property, name))
            rows.push([at, what, { [name]: value }, code]);
    return rows;
}

/** JSON text, with what is raw as it is and what is deleted left out. */
export function write(value) {
    if (value instanceof Raw) return value.text;
    if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    const fields = Object.entries(value).filter(([, one]) => one !== DELETED && one !== undefined);
    return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${write(one)}`).join(',')}}`;
}

/** [query, field, code] for everything that the parameters of an operation do not allow. */
export function wrongQueries(parameters) {
    const rows = [['nope=1', 'nope', 'unknown_field'], ['=1', undefined, 'bad_request']];
    for (const { name, in: place, schema, required } of parameters) {
        if (place !== 'query') continue;
        const rule = resolve(schema.items ?? schema);
        const values = rule.enum ? ['nope', rule.enum[0].toUpperCase(), `${rule.enum[0]}%20`]
            : rule.type === 'integer' ? ['', 'x', '-1', '1.5', '1e1', '%2b1', '9'.repeat(30),
                String(rule.minimum - 1), ...(rule.maximum ? [String(rule.maximum + 1)] : [])]
                : ['x'.repeat((rule.maxLength ?? 0) + 1)];
        for (const value of values) rows.push([`${name}=${value}`, name, 'invalid_field']);
        rows.push([`${name}=1&${name}=1`, name, 'bad_request']);
        rows.push([`${name}=%ff`, undefined, 'bad_request']);
        rows.push([`${name}=%00`, undefined, 'bad_request']);
        if (required) rows.push(['', name, 'missing_field']);
    }
    return rows;
}
