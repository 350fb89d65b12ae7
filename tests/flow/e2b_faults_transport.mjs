// Rows of the fault table of E2B: no connection comes about, or one that must not be trusted.
import https from 'node:https';
import net from 'node:net';
import { makeCertificates } from '../fake/authority.mjs';

const listen = (server) => new Promise((done) => {
    server.listen(0, '127.0.0.1', () => done(server.address().port));
});

const refused = { outcome: 'not_created', code: 'unavailable' };
const fine = { outcome: 'succeeded', reason: '' };

/** {rows, came(): requests that got through where none may, close()}. */
export async function transport() {
    const { caFile, servers, remove } = makeCertificates();
    const trusted = { CA_FILE: caFile };
    let came = 0;
    const open = [];
    const serve = async (server) => {
        open.push(server);
        return listen(server);
    };
    const mute = await serve(net.createServer(() => {})); // takes a connection, says nothing
    const gone = net.createServer();
    const nobody = await listen(gone);
    gone.close();
    const reset = await serve(net.createServer((socket) => socket.resetAndDestroy()));

    const never = { creates: 0, executes: 0, expect: refused };
    const api = (name, url, more = {}) => ({ ...never, name: `api: ${name}`,
        env: { ...trusted, E2B_API_URL: url }, ...more });
    // Made, but never reached: deleted again.
    const inside = (name, url, more = {}) => ({ creates: 1, executes: 0, expect: refused,
        name: `sandbox: ${name}`, env: { ...trusted, E2B_SANDBOX_URL: url }, ...more });
    const both = (name, url, more) => [api(name, url, more), inside(name, url, more)];

    const rows = [
        ...both('nobody listens', `http://127.0.0.1:${nobody}`),
        ...both('there is no such host', 'http://nowhere.invalid'),
        ...both('it takes the connection and says nothing', `http://127.0.0.1:${mute}`,
            { slow: true }),
        ...both('it never answers the TLS hello', `https://127.0.0.1:${mute}`, { slow: true }),
        ...both('it resets each connection', `http://127.0.0.1:${reset}`),
        ...both('the address is no address', 'http://[::bad'),
        ...both('the port is none', 'http://127.0.0.1:99999'),
        ...both('another protocol', 'ftp://127.0.0.1/'),
        ...both('a file', 'file:///etc/passwd'),
        { name: 'TLS: all is well', service: { tls: servers.good }, env: trusted, expect: fine },
        { ...never, name: 'TLS: the authority is not ours to trust', env: {},
            service: { tls: servers.good } },
        { ...never, name: 'TLS: spoken to without', env: trusted, service: { tls: servers.good },
            after: (env) => ({ ...env, E2B_API_URL: env.E2B_API_URL.replace('https', 'http') }) },
        { ...never, name: 'TLS: it speaks none', env: trusted,
            after: (env) => ({ ...env, E2B_API_URL: env.E2B_API_URL.replace('http', 'https') }) },
    ];
    for (const title of ['expired', 'wrong name', 'self-signed', 'unknown authority']) {
        rows.push({ ...never, name: `TLS: ${title}`, env: trusted, calls: 0,
            service: { tls: servers[title] } });
        const port = await serve(https.createServer(servers[title], (request, response) => {
            came++;
            response.end('{}');
        }).on('tlsClientError', () => {}));
        rows.push(inside(`TLS: ${title}`, `https://127.0.0.1:${port}`));
    }
    return { rows, came: () => came, close: () => {
        for (const server of open) server.close();
        remove();
    } };
}
