// The played services, for tests that hold each of them to the same.
import { startE2b } from './e2b.mjs';
import { startDaytona } from './daytona.mjs';

/** `tellsLater`: whether it still tells how a run ended that its worker lost; `left(fake)` counts
 *  sandboxes that nobody is removing, `starts(fake)` how often code was started. */
export const services = [
    { name: 'e2b', start: startE2b, image: 'code-interpreter-v1', tellsLater: false,
      left: (fake) => fake.sandboxes.size, starts: (fake) => fake.executions.length },
    { name: 'daytona', start: startDaytona, image: 'daytona-small', tellsLater: true,
      left: (fake) => fake.left().length, starts: (fake) => fake.executions },
];
