// Methods that a path does not know: 405, and which it knows.
import { routes } from './api.mjs';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const paths = new Map();
for (const { method, path } of routes) {
    if (!paths.has(path)) paths.set(path, []);
    paths.get(path).push(method);
}

/** What the Allow header of a path must be. */
export const allowed = new Map();
const ORDER = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export const methods = [...paths].flatMap(([path, known]) => {
    const real = path.replaceAll('{id}', '1').replace('*', 'x.js');
    const with_head = known.includes('GET') ? [...known, 'HEAD'] : known;
    allowed.set(real, ORDER.filter((one) => with_head.includes(one)).join(', '));
    return METHODS.filter((method) => !known.includes(method)).map((method) => [
        `${method} ${path}`, `nobody ${method} ${real}`, undefined, '405 method_not_allowed']);
});
