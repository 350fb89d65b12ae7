// multipart/form-data and multipart answers, as services take and give them.

const CRLF = Buffer.from('\r\n');

/** The parts of a body: [{name, filename, type, data}]; null when it is none or ends early. */
export function partsOf(body, contentType = '') {
    const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
    if (!boundary || !/^multipart\//i.test(contentType)) return null;
    const mark = Buffer.from(`\r\n--${boundary}`);
    const data = Buffer.concat([CRLF, body]);
    const parts = [];
    let at = delimiter(data, mark, 0);
    for (;;) {
        if (at < 0) return null;
        const from = at + mark.length;
        if (data.toString('latin1', from, from + 2) === '--') return parts;
        const next = delimiter(data, mark, from);
        const head = data.indexOf('\r\n\r\n', from);
        if (next < 0 || head < 0 || head > next) return null;
        parts.push({ ...headOf(data.toString('utf8', from, head)),
            data: data.subarray(head + 4, next) });
        at = next;
    }
}

/** Where the next boundary is that ends its line, or the body. */
function delimiter(data, mark, from) {
    let at = data.indexOf(mark, from);
    while (at >= 0 && !/^(\r\n|--)$/.test(data.toString('latin1', at + mark.length,
        at + mark.length + 2))) at = data.indexOf(mark, at + 1);
    return at;
}

function headOf(text) {
    const quoted = (word) => new RegExp(`[; ]${word}="((?:[^"\\\\]|\\\\.)*)"`, 'i')
        .exec(text)?.[1].replace(/\\(.)/g, '$1').replace(/%22/g, '"');
    return { name: quoted('name') ?? '', filename: quoted('filename') ?? null,
        type: /^content-type: *(.*)$/im.exec(text)?.[1].trim() ?? null };
}

/** The body of an answer in parts: [{name, filename, type, data}]. */
export function multipart(boundary, parts) {
    const pieces = parts.flatMap(({ name, filename, type, data }) => [
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"`
            + `; filename="${filename.replace(/["\\]/g, '\\$&')}"\r\n`
            + `Content-Type: ${type}\r\nContent-Length: ${data.length}\r\n\r\n`),
        data, CRLF]);
    return Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]);
}
