// Calls one at a time, through a compiled client that notes when each left and was answered.
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { root } from '../flow/stack.mjs';
import { approval } from './start.mjs';

/** {call(line), approve(made), stop()}; both resolve with {status, sent_us, answered_us,
 *  answered_wall_us}. */
export function openPaced(bench, token) {
    const child = spawn(path.join(root, 'build/bench/paced'),
        [new URL(bench.stack.url).port, `Bearer ${token}`], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = readline.createInterface(child.stdout)[Symbol.asyncIterator]();
    const call = async (line) => {
        child.stdin.write(`${line}\n`);
        const { value, done } = await lines.next();
        if (done) throw new Error('paced has ended');
        const answer = JSON.parse(value);
        if (answer.status >= 300) throw new Error(`${line}: ${answer.status}`);
        return answer;
    };
    return {
        call,
        approve: (made) => call(
            `POST /api/requests/${made.id}/decisions\t${JSON.stringify(approval(made))}`),
        stop: () => child.stdin.end(),
    };
}
