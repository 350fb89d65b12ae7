// A reporter for node:test that prints flat TAP: one line for each test, none for its suites.
function problem(error) {
  const cause = error?.cause ?? error;
  return String(cause?.stack ?? cause).split('\n').map((line) => `# ${line}\n`).join('');
}

export default async function* report(source) {
  let count = 0;
  const names = [];
  yield 'TAP version 13\n';
  for await (const { type, data } of source) {
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A suite that failed has a test of its own that did, unless a hook broke it.
    const suite = data.details?.type === 'suite';
    const broken = type === 'test:fail' && data.details.error?.failureType !== 'subtestsFailed';
    if (suite && !broken) continue;
    const name = [...names.slice(0, data.nesting), data.name].join(' › ').replaceAll('#', '');
    const why = data.skip === true ? '' : data.skip;
    const directive = data.skip === undefined ? '' : ` # SKIP ${why}`;
    yield `${type === 'test:pass' ? 'ok' : 'not ok'} ${++count} - ${name}${directive}\n`;
    if (type === 'test:fail') yield problem(data.details.error);
  }
  yield `1..${count}\n`;
}
