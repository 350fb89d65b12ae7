// What `make run` says once the stack is up: who can sign in, and how. The first start makes
// those people and a few requests to look at.
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { operator } from './demo/operator.mjs';
import { seed } from './seed.mjs';

const url = process.env.COUNTERSIGN_URL;
const people = [
  { login: 'ana', name: 'Ana Analyst', roles: 'analyst' },
  { login: 'rob', name: 'Rob Reviewer', roles: 'reviewer' },
  { login: 'ada', name: 'Ada Admin', roles: 'admin' },
];

async function makePeople() {
  const there = new Set(JSON.parse(await operator('person', 'list', '--json'))
    .map((person) => person.login));
  const team = ['--team', 'Analytics'];
  await operator('team', 'add', 'Analytics');
  for (const { login, name, roles } of people)
    if (!there.has(login))
      await operator('person', 'add', login, '--name', name, '--role', roles, ...team);
}

async function first() {
  const done = path.join(process.env.COUNTERSIGN_DATA, 'seeded');
  if (existsSync(done)) return;
  console.log('First start: making three people and a few requests to look at …');
  await makePeople();
  await seed(url);
  writeFileSync(done, '');
}

await first();
console.log(`\nCountersign is at ${url}\n\nEach of these links signs somebody in, once:`);
for (const { login, name } of people)
  console.log(`  ${name.padEnd(14)} ${await operator('link', login)}`);
console.log(`\nThe audit views, as the auditor:\n  psql "${process.env.COUNTERSIGN_DB_AUDITOR}"`);
console.log('\nMore links: build/countersign link LOGIN.  Ctrl-C stops everything.');

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(0));
setInterval(() => {}, 1 << 30); // stays until a signal comes
