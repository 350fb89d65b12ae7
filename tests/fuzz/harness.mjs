// Runs one fuzz harness for a while, and says what came of it.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";

export const BUILD = "build/fuzz";
const MAX_LEN = {
    fuzz_multipart: 8192, fuzz_code: 1024, fuzz_e2b_lines: 1024, fuzz_jws: 2048,
};
const DEFAULT_MAX_LEN = 700;

// The small ones: what was freed is remembered for less long, and by fewer callers.
const environment = {
    ...process.env,
    ASAN_OPTIONS: "quarantine_size_mb=16:malloc_context_size=6:detect_leaks=1",
    UBSAN_OPTIONS: "print_stacktrace=1",
};

export const names = () =>
    readdirSync("tests/fuzz")
        .filter((file) => /^fuzz_\w+\.c$/.test(file))
        .map((file) => file.slice(0, -2))
        .filter((name) => !process.env.ONLY || name.includes(process.env.ONLY))
        .sort();

function run(program, args) {
    return new Promise((resolve, reject) => {
        const stdio = ["ignore", "ignore", "pipe"];
        const child = spawn(program, args, { env: environment, stdio });
        let said = "";
        child.stderr.setEncoding("utf8");
        child.stderr.on("data", (text) => {
            said = (said + text).slice(-200000);
        });
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ fine: code === 0, code, signal, said }));
    });
}

const number = (said, pattern) => Number(said.match(pattern)?.[1] ?? 0);

// Why it ended, in the words of whoever found it.
function reasons(said) {
    const telling = /does not hold|ERROR: |runtime error|SUMMARY|ALARM|libFuzzer: /;
    return said.split("\n").filter((line) => telling.test(line)).slice(0, 4);
}

// `corpus`: where what it finds is kept; `{seconds: 0}` only replays.
export async function fuzz(name, { program, corpus, seconds }) {
    const begun = performance.now();
    mkdirSync(corpus, { recursive: true });
    const limit = seconds > 0 ? `-max_total_time=${seconds}` : "-runs=0";
    const { fine, said, code, signal } = await run(program, [
        limit, `-max_len=${MAX_LEN[name] ?? DEFAULT_MAX_LEN}`, "-timeout=60", "-reload=0",
        "-rss_limit_mb=2048", "-print_final_stats=1", `-artifact_prefix=${BUILD}/${name}-`,
        corpus, `tests/fuzz/corpus/${name}`,
    ]);
    const why = reasons(said);
    return {
        fine,
        runs: number(said, /number_of_executed_units: (\d+)/),
        perSecond: number(said, /average_exec_per_sec: +(\d+)/),
        corpus: Number([...said.matchAll(/corp: (\d+)\//g)].at(-1)?.[1] ?? 0),
        seconds: (performance.now() - begun) / 1000,
        input: said.match(/Test unit written to (\S+)/)?.[1] ?? "",
        why: why.length || fine ? why : [`it ended with ${signal ?? code}`],
    };
}

// Calls `each` for all of them, as many at a time as there are processors.
export async function atOnce(list, each) {
    const left = [...list];
    const worker = async () => {
        while (left.length > 0) await each(left.shift());
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
