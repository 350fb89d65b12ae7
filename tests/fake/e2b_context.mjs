// A context of the played code interpreter: one cell at a time, state kept between cells.

const EXTENDED = { MPLBACKEND: 'module://matplotlib_inline.backend_inline',
    IPYTHONDIR: '/tmp/.ipython' };
const POISON_MS = 1000; // after a disconnect the next run at once hangs (measured at the service)

/** Cells of a Python kernel, which lives as long as it can. */
class Kernel {
    constructor(sandbox, cwd) {
        const { box, service } = sandbox;
        this.program = box.run(['/usr/bin/python3', '/run/fake/cell.py'], { cwd, stdin: 'pipe',
            channel: true, env: { ...EXTENDED, CELL_COLORS: service.options.colors } });
        Object.assign(this, { take: null, rest: '', dead: false, ready: false, errors: '' });
        const { child } = this.program;
        child.stdio[4].setEncoding('utf8').on('data', (part) => this.read(part));
        child.stdout.resume();
        child.stderr.on('data', (part) => { this.errors = `${this.errors}${part}`.slice(-2000); });
        this.program.ended.then(() => {
            this.dead = true;
            if (!this.ready && !this.program.doomed)
                process.stderr.write(`Python cells can not run: ${this.rest}${this.errors}\n`);
            this.take?.(null);
        });
    }

    read(part) {
        this.rest += part;
        if (!part.includes('\n')) return;
        const lines = this.rest.split('\n');
        this.rest = lines.pop();
        for (const text of lines) {
            const { cell, line } = JSON.parse(text);
            if (line.type === 'stderr') this.errors = `${this.errors}${line.text}`.slice(-2000);
            if (cell === null) this.ready ||= line.type === 'ready';
            else this.take?.(line);
        }
    }

    send(request) {
        if (!this.dead) this.program.child.stdin.write(`${JSON.stringify(request)}\n`);
    }

    /** Runs a cell; each(line) gets its lines. False: the kernel died on the way. */
    run(id, request, each) {
        return new Promise((done) => {
            this.take = (line) => {
                if (line) each(line);
                if (line && line.type !== 'end_of_execution') return;
                this.take = null;
                done(Boolean(line));
            };
            if (this.dead) this.take(null);
            else this.send({ id, ...request });
        });
    }

    interrupt() {
        this.send({ interrupt: true });
    }

    end() {
        this.program.kill();
    }
}

/** Cells of bash, each a program of its own. */
class Shell {
    constructor(sandbox, cwd) {
        Object.assign(this, { sandbox, cwd, count: 0, program: null });
    }

    async run(id, { code, env }, each) {
        each({ type: 'number_of_executions', execution_count: ++this.count });
        this.program = this.sandbox.box.run(['/bin/bash', '-c', code], { cwd: this.cwd,
            env: env ?? {} });
        const { child, ended } = this.program;
        for (const type of ['stdout', 'stderr']) {
            child[type].setEncoding('utf8').on('data', (text) => each({ type, text,
                timestamp: new Date().toISOString().replace('Z', '000+00:00') }));
        }
        await ended;
        each({ type: 'end_of_execution' });
        return true;
    }

    interrupt() {
        this.program?.signal('SIGINT');
    }

    end() {
        this.program?.kill();
    }
}

export class Context {
    constructor(sandbox, { id, language, cwd, standard }) {
        Object.assign(this, { sandbox, id, language, cwd, standard, last: Promise.resolve(),
            kernel: null, poisoned: 0, cells: 0 });
        if (language === 'python') this.start();
    }

    describe() {
        return { id: this.id, language: this.language, cwd: this.cwd };
    }

    start() {
        if (!this.sandbox.box) return;
        const Kind = this.language === 'python' ? Kernel : Shell;
        this.kernel = new Kind(this.sandbox, this.cwd);
    }

    /** After what runs already: each(line) gets the lines of a cell. {gone(): has the client left?
     *  onStart(): it runs now}. */
    run(request, each, { gone, onStart }) {
        const turn = this.last.then(async () => {
            if (gone()) return;
            if (Date.now() < this.poisoned) return void await new Promise(() => {});
            if (!this.kernel || this.kernel.dead) this.start();
            onStart();
            const whole = await this.kernel.run(++this.cells, request, each);
            if (whole) return;
            each({ type: 'error', name: 'ContextRestarting', value: 'Context was restarted',
                traceback: '' });
            each({ type: 'end_of_execution' });
        });
        this.last = turn.catch(() => {});
        return turn;
    }

    /** The client of the running cell has gone. */
    interrupt() {
        this.kernel?.interrupt();
        this.poisoned = Date.now() + POISON_MS;
    }

    restart() {
        this.kernel?.end();
        this.start();
    }
}
