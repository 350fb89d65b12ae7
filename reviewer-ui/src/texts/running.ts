// Texts about runs while they wait, run or are lost, and about what runs them.
import { formatBytes, formatClock, formatNumber } from '../base/format';
import { many } from './many';

const sandboxes: Record<string, string> = { local: 'Local', e2b: 'E2B', daytona: 'Daytona' };
const nameOf = (name: string) => sandboxes[name] ?? name;
// The setting that holds the key of a service.
const keyOf = (name: string) => `${name.toUpperCase()}_API_KEY`;

export const running = {
  sandbox: {
    name: nameOf,
    image: (name: string) =>
      ({ e2b: 'Template', daytona: 'Snapshot' })[name] ?? 'Image',
    runsHere: 'Runs here, in a local sandbox',
    runsAt: (name: string, image: string) =>
      `Runs at ${nameOf(name)}${image ? ` (${image})` : ''}: code and files are sent there`,
    choose: 'Where it runs',
    choices: (name: string) =>
      name === 'local'
        ? 'Local: nothing leaves this installation'
        : `${nameOf(name)}: code and files are sent there`,
    fail: 'Fail at once when the sandbox is not available, instead of waiting',
  },
  progress: {
    label: 'Run',
    starting: 'Starting…',
    running: (span: string, limit: string) => `Running ${span} of at most ${limit}`,
    cancelling: 'Cancelling…',
    cancellingText: 'It was asked to stop. What it printed so far is kept where possible.',
    followed: 'It was lost on the way. A worker follows it again, and tells how it ends.',
    where: (name: string, image: string) => `${nameOf(name)}${image ? ` · ${image}` : ''}`,
    by: (worker: string) => `on ${worker}`,
    bar: 'Time used of the limit',
  },
  output: {
    title: 'Output so far',
    nothing: 'Nothing printed yet.',
    away: 'The output can not be shown right now. The run goes on, and all of it comes at the end.',
    missing: (bytes: number) => `… ${formatBytes(bytes)} not shown here …`,
    toEnd: 'Go to the end',
    err: 'err',
    bounded: 'Not all is shown while it runs. All of it comes with the result.',
  },
  waits: {
    paused: {
      all: 'Running is paused for everybody.',
      team: 'Running is paused for your team.',
      backend: (name: string) => `Running at ${nameOf(name)} is paused.`,
    },
    no_worker: 'No worker that could run it is there.',
    breaker_open: (name: string) => `${nameOf(name)} does not answer.`,
    refused: (name: string) => `${nameOf(name)} refuses the key in ${keyOf(name)}.`,
    not_ready: (name: string) => `${nameOf(name)} is not ready.`,
    other_sandbox: 'No worker has the Python and the packages that were approved.',
    no_free_slot: 'All workers are busy.',
    unjudged: 'The rules changed, and its code is looked at again.',
    given_back: 'It could not start yet.',
    budget: 'There is no money left for it.',
    safe: 'Your request is safe and starts on its own.',
    until: (at: string) => `Next try at ${formatClock(at)}.`,
    failsInstead: 'It was sent to fail rather than wait for the sandbox.',
    since: (span: string) => `waiting ${span}`,
  },
  lost: {
    title: 'What is known',
    searching: (name: string) =>
      `The run is being looked for at ${nameOf(name)}: it may still tell how it ended.`,
    until: (at: string) => `Looked for until ${formatClock(at)} at most.`,
    cancelling: 'It was cancelled: it is stopped as soon as it is found.',
    where: 'Where',
    sandbox: 'Sandbox there',
    worker: 'Worker',
    started: 'Started',
    lost: 'Lost',
    after: (span: string) => `${span} after the start`,
    why: 'Why',
    reasons: {
      lost: 'The worker did not report any more',
      service_lost: 'The sandbox service broke off, or did not answer any more',
      sandbox_lost: 'The sandbox stopped answering, possibly out of memory',
      worker_stopped: 'The worker was stopped',
      output_lost: 'The output could not be stored',
    } as Record<string, string>,
    retrySafe: 'It was marked as safe to run twice, so it may be sent again.',
  },
  fleet: {
    pauses: 'What may start',
    everything: 'Everything',
    team: (name: string) => `Team ${name}`,
    starts: 'Runs start',
    paused: 'Paused',
    pausedBy: (name: string, span: string) => `by ${name}, ${span}`,
    pause: 'Pause',
    pauseOf: (what: string) => `Pause: ${what}`,
    resume: 'Resume',
    resumeOf: (what: string) => `Resume: ${what}`,
    pauseTitle: (what: string) => `Pause “${what}”?`,
    pauseHelp: 'What runs already goes on. What is approved meanwhile waits and says why.',
    reason: 'Reason, shown to those who wait',
    needReason: 'Write a reason first.',
    pauseYes: 'Pause',
    pauseNo: 'Do not pause',
    teams: 'Teams',
    backends: 'Sandboxes',
    backend: 'Sandbox',
    state: 'State',
    waiting: 'Waiting runs',
    workersOf: 'Workers',
    switch: 'Switch',
    states: {
      ready: 'Ready',
      half_open: 'Trying again',
      breaker_open: 'Does not answer',
      not_ready: 'Not ready',
      no_worker: 'No worker',
    } as Record<string, string>,
    breakers: {
      open: 'does not answer',
      half_open: 'trying again',
      refused: 'refuses our key',
    } as Record<string, string>,
    until: (at: string) => `next try at ${formatClock(at)}`,
    refused: (name: string) => `Refuses the key in ${keyOf(name)}`,
    running: 'Running now',
    nothingRuns: 'nothing',
    run: (span: string) => `running ${span}`,
    preparing: 'preparing',
    reattached: 'taken up again',
    hidden: (n: number) => many(n, 'run you may not see', 'runs you may not see'),
    counts: (n: number) => formatNumber(n),
    failed: 'The workers could not be loaded.',
  },
};
