// Stands between a worker and PostgreSQL and cuts the connection at one statement: before the
// server sees it, or after it committed and before its answer is back.
import net from 'node:net';
import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

export class Cutter {
    /** `from`: the folder of the server's socket. Ends with close(). */
    static async open(from) {
        const cutter = new Cutter();
        const name = '.s.PGSQL.5432';
        cutter.armed = null;
        cutter.cuts = 0;
        cutter.folder = await fs.mkdtemp(path.join(os.tmpdir(), 'cs-cut-'));
        await fs.chmod(cutter.folder, 0o755);
        cutter.server = net.createServer((client) => cutter.join(client, path.join(from, name)));
        await new Promise((done) => cutter.server.listen(path.join(cutter.folder, name), done));
        await fs.chmod(path.join(cutter.folder, name), 0o777);
        return cutter;
    }

    /** Cuts the next connection that runs this statement: 'before' it is sent on, or 'after' the
     *  first byte of its answer. */
    arm(statement, when) {
        this.armed = { when, mark: Buffer.from(`\0${statement}\0`) };
    }

    join(client, socket) {
        const server = net.connect(socket);
        let doomed = false;
        const end = () => { client.destroy(); server.destroy(); };
        client.on('data', (part) => {
            if (this.armed && part.includes(this.armed.mark)) {
                doomed = this.armed.when === 'after';
                const cut = !doomed;
                this.armed = null;
                this.cuts++;
                if (cut) return end();
            }
            return server.write(part);
        });
        server.on('data', (part) => (doomed ? end() : client.write(part)));
        for (const side of [client, server]) side.on('error', end).on('close', end);
    }

    async close() {
        this.server.close();
        await fs.rm(this.folder, { recursive: true, force: true });
    }
}
