// Who answers in Daytona's name: certificates, toolboxes that are elsewhere, and nobody at all.
// Proves: T19a T21
import { after } from 'node:test';
import assert from 'node:assert/strict';
import { makeCertificates } from '../fake/authority.mjs';
import { runTable } from './fault_table.mjs';
import { CREATE, LOOK, SUCCEEDED, UNAVAILABLE, editJson, harness }
    from './daytona_faults_harness.mjs';

const { caFile, servers, remove } = makeCertificates();
after(remove);
const { good, ...wrong } = servers;
const tls = (made, more) => ({ serve: { tls: made }, env: { CA_FILE: caFile }, ...more });
const REFUSED = { want: UNAVAILABLE, creates: 0, check: (result, fake) => {
    assert.equal(fake.calls.length, 0);
} };

const certificates = [
    { name: 'a good certificate', ...tls(good), want: SUCCEEDED },
    { name: 'a certificate of nobody the system knows', ...tls(good), env: {}, ...REFUSED },
    ...Object.entries(wrong).map(([what, made]) => ({ name: `a certificate: ${what}`, ...tls(made),
        ...REFUSED })),
    { name: 'a toolbox without TLS', ...tls(good), want: UNAVAILABLE,
        env: { CA_FILE: caFile, DAYTONA_CALL_MS: '3000' },
        rules: [CREATE, LOOK].map((match) => ({ match, times: Infinity, ...editJson((one) => {
            one.toolboxProxyUrl = one.toolboxProxyUrl.replace('https', 'http');
        }) })), check: (result, fake) => assert.deepEqual(fake.callsTo('* /toolbox/*'), []) },
    { name: 'a toolbox at the host that is set', env: { DAYTONA_TOOLBOX_HOST: '127.0.0.1' },
        want: SUCCEEDED },
    ...[false, true].map((hidesProxy) => ({ env: { DAYTONA_TOOLBOX_HOST: 'daytona.io' },
        name: `a toolbox elsewhere${hidesProxy ? ', when asked for' : ''}`, want: UNAVAILABLE,
        check: (result, fake) => assert.deepEqual(fake.callsTo('* /toolbox/*'), []),
        serve: { hidesProxy } })),
    // This machine by another name: only whoever set it up may say that the key goes there.
    ...['localhost', '127.1', '[::ffff:127.0.0.1]'].flatMap((near) => {
        const rules = [CREATE, LOOK].map((match) => ({ match, times: Infinity,
            ...editJson((one) => {
                one.toolboxProxyUrl = one.toolboxProxyUrl.replace('127.0.0.1', near);
            }) }));
        return [{ name: `a toolbox at ${near}`, want: UNAVAILABLE, rules,
            env: { DAYTONA_CALL_MS: '3000' },
            check: (result, fake) => assert.deepEqual(fake.callsTo('* /toolbox/*'), []) },
        { name: `a toolbox at ${near}, as was set`, want: SUCCEEDED, rules,
            env: { DAYTONA_TOOLBOX_HOST: near } }];
    }),
    { name: 'a port where nobody listens', env: { DAYTONA_API_URL: 'http://127.0.0.1:9/api' },
        ...REFUSED },
    { name: 'a name that nobody has', env: { DAYTONA_API_URL: 'http://nowhere.invalid/api' },
        ...REFUSED },
];

runTable('who answers', certificates, harness);
