// The played services, for tests that hold each of them to the same.
import { startE2b } from './e2b.mjs';
import { startDaytona } from './daytona.mjs';

const leaveAtE2b = (fake, metadata) => fake.add({ templateID: 'base', alias: 'base', secure: true,
    publicTraffic: true, timeout: 3600, envVars: {}, metadata });

async function leaveAtDaytona(fake, labels) {
    const answer = await fetch(`${fake.url}/sandbox`, { method: 'POST',
        headers: { authorization: `Bearer ${fake.key}` }, body: JSON.stringify({ labels }) });
    if (answer.status !== 200) throw new Error(await answer.text());
    await answer.arrayBuffer();
}

/** `tellsLater`: whether it still tells how a run ended that its worker lost; `left(fake)` counts
 *  sandboxes that nobody is removing, `starts(fake)` how often code was started;
 *  `leave(fake, labels)` makes a sandbox that has them. */
export const services = [
    { name: 'e2b', start: startE2b, image: 'code-interpreter-v1', tellsLater: false,
      left: (fake) => fake.sandboxes.size, starts: (fake) => fake.executions.length,
      leave: leaveAtE2b },
    { name: 'daytona', start: startDaytona, image: 'daytona-small', tellsLater: true,
      left: (fake) => fake.left().length, starts: (fake) => fake.executions,
      leave: leaveAtDaytona },
];
