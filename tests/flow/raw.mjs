// HTTP by hand: bytes out, bytes back, for what no client library would send.
import net from 'node:net';

/** Sends `bytes` and reads one answer: {status, reason, headers, body, json, closed, text}.
 *  `closed` says whether the server ended the connection. */
export function sendRaw(url, bytes, { keepOpen = false } = {}) {
    return new Promise((done, failed) => {
        const { hostname, port } = new URL(url);
        const socket = net.connect(port, hostname, () => {
            for (const part of Array.isArray(bytes) ? bytes : [bytes]) socket.write(part);
        });
        let got = Buffer.alloc(0);
        const end = (closed) => {
            const answer = parseAnswer(got);
            if (!answer && !closed) return;
            if (!keepOpen) socket.destroy();
            done({ ...(answer ?? { status: 0, headers: {}, text: '' }), closed, socket });
        };
        socket.on('data', (part) => { got = Buffer.concat([got, part]); end(false); });
        socket.on('end', () => end(true));
        socket.on('error', (error) => (got.length ? end(true) : failed(error)));
        socket.setTimeout(60000, () => { socket.destroy(); failed(new Error('hung')); });
    });
}

/** The first whole answer in `got`, or null; `rest` is what follows it. */
export function parseAnswer(got) {
    const split = got.indexOf('\r\n\r\n');
    if (split < 0) return null;
    const [line, ...lines] = got.subarray(0, split).toString('latin1').split('\r\n');
    const headers = {};
    for (const text of lines) {
        const colon = text.indexOf(':');
        headers[text.slice(0, colon).toLowerCase()] = text.slice(colon + 1).trim();
    }
    const status = Number(line.split(' ')[1]);
    const length = Number(headers['content-length'] ?? 0);
    const body = got.subarray(split + 4);
    if (body.length < length) return null;
    const text = body.subarray(0, length).toString('utf8');
    let json = null;
    try { json = JSON.parse(text); } catch { /* not every answer is JSON */ }
    return { status, headers, text, json, rest: body.subarray(length) };
}

/** The head of a request with the given lines, ready for a body. */
export function head(line, headers = ['Host: x']) {
    return `${[line, ...headers].join('\r\n')}\r\n\r\n`;
}

/** What the database holds, by table: two calls are equal when nothing was changed between. */
export async function censusOf(stack) {
    const [row] = await stack.psql('superuser', `select
        (select count(*) from cs.request) as request,
        (select count(*) from cs.revision) as revision,
        (select count(*) from cs.decision) as decision,
        (select count(*) from cs.attempt) as attempt,
        (select count(*) from cs.file) as file, (select count(*) from cs.blob) as blob,
        (select count(*) from cs.person) as person, (select count(*) from cs.team) as team,
        (select count(*) from cs.api_token) as token,
        (select count(*) from cs.idempotency) as idempotency,
        (select count(*) from cs.audit_event where entity <> 'sign_in') as audit`);
    return row;
}
