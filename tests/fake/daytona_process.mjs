// Running code and shell commands without a session: one request holds until the end.
import { ToolboxError } from './daytona_error.mjs';

const INTERPRETERS = { python: 'exec python3 -u - 2>&1', javascript: 'exec node - 2>&1',
    typescript: 'exec node - 2>&1' };
const CHART_MARK = 'dtn_artifact_k39fd2:';

const bad = (text) => new ToolboxError(400, text, 'BAD_REQUEST');

function options(body) {
    for (const name of Object.keys(body.envs ?? {}))
        if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw bad(`invalid environment name: ${name}`);
    if (body.timeout !== undefined && !(Number.isInteger(body.timeout) && body.timeout >= 0))
        throw bad('timeout must be an unsigned integer');
    return { env: body.envs ?? {}, seconds: body.timeout ?? 0, cwd: body.cwd };
}

/** {exitCode, result}: both streams as they came. A program that takes too long leaves nothing. */
async function held(sandbox, call, args, { input, env, seconds, cwd }) {
    sandbox.service.executions++;
    if (!sandbox.box) return { exitCode: 0, result: '' };
    const program = sandbox.box.run(args,
        { stdin: 'pipe', env: { ...sandbox.env, ...env }, cwd: cwd && sandbox.absolute(cwd) });
    const output = [];
    let late = false;
    const clock = seconds && setTimeout(() => {
        late = true;
        program.kill();
    }, seconds * 1000);
    program.child.stdout.on('data', (data) => output.push(data));
    program.child.stderr.resume();
    program.child.stdin.end(input);
    call.onGone(() => program.kill());
    const { code } = await program.ended;
    clearTimeout(clock);
    if (late) throw new ToolboxError(408, 'command execution timeout', 'PROCESS_EXECUTION_TIMEOUT');
    return { exitCode: code, result: Buffer.concat(output).toString('utf8') };
}

function charts(result) {
    const found = [];
    const lines = result.split('\n').filter((line) => {
        if (!line.startsWith(CHART_MARK)) return true;
        try {
            found.push(JSON.parse(line.slice(CHART_MARK.length)).value);
            return false;
        } catch {
            return true;
        }
    });
    return { result: lines.join('\n'), ...(found.length ? { artifacts: { charts: found } } : {}) };
}

async function codeRun(sandbox, call, reply) {
    const body = call.json() ?? {};
    if (typeof body.code !== 'string') throw bad('code is required');
    const interpreter = INTERPRETERS[body.language];
    if (!interpreter) throw bad(`unsupported language: ${body.language}`);
    const words = (body.argv ?? []).join(' '); // as the service does: into the shell, unquoted
    const { exitCode, result } = await held(sandbox, call,
        ['/bin/sh', '-c', interpreter.replace(' 2>&1', ` ${words} 2>&1`)],
        { ...options(body), input: body.code });
    reply.json(200, { exitCode, ...charts(result) });
}

async function execute(sandbox, call, reply) {
    const body = call.json() ?? {};
    if (typeof body.command !== 'string' || !body.command.trim())
        throw bad('command is required');
    reply.json(200, await held(sandbox, call, ['/bin/sh', '-c', 'exec /bin/bash 2>&1'],
        { ...options(body), input: `${body.command}\n` }));
}

export const processRoutes = [
    ['POST', /^\/process\/code-run$/, codeRun],
    ['POST', /^\/process\/execute$/, execute],
];
