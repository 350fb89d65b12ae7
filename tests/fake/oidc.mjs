// An OpenID provider that lies as it is told. It keeps to the protocol in all else: discovery, a
// key set, and a token endpoint that checks client, redirect and code verifier, and redeems once.
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import http from 'node:http';

const base64 = (value) => Buffer.from(value).toString('base64url');
const json = (value) => base64(JSON.stringify(value));

function makeKey(kid, alg) {
    const pair = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
    return { ...pair, kid, alg, jwk };
}

/** A token of these claims, signed by the key, or as `header` says otherwise. */
export function makeToken(key, claims, header = {}) {
    const head = { alg: key.alg, kid: key.kid, typ: 'JWT', ...header };
    const text = `${json(head)}.${json(claims)}`;
    if (head.alg === 'none') return `${text}.`;
    if (head.alg.startsWith('HS')) {
        const secret = key.secret ?? key.publicKey.export({ type: 'spki', format: 'pem' });
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    }
    const signed = sign(`sha${head.alg.slice(2)}`, Buffer.from(text), { key: key.privateKey,
                                                       dsaEncoding: 'ieee-p1363' });
    return `${text}.${signed.toString('base64url')}`;
}

export class Provider {
    constructor() {
        this.keys = [makeKey('rsa', 'RS256'), makeKey('ec', 'ES256')];
        this.stranger = makeKey('rsa', 'RS256'); // same name, another key
        this.secret = 'a client secret: + %';
        this.codes = new Map();
        this.asked = [];
        this.tokens = []; // that it handed out
        this.document = {};
        this.server = http.createServer((request, response) => void this.answer(request, response));
    }

    static async start() {
        const provider = new Provider();
        await new Promise((done) => provider.server.listen(0, '127.0.0.1', done));
        provider.issuer = `http://127.0.0.1:${provider.server.address().port}`;
        return provider;
    }

    stop() {
        this.server.closeAllConnections();
        return new Promise((done) => this.server.close(done));
    }

    get env() {
        return { OIDC_ISSUER: this.issuer, OIDC_CLIENT_ID: 'countersign',
                 OIDC_CLIENT_SECRET: this.secret,
                 OIDC_REDIRECT_URL: 'http://127.0.0.1:1/sign-in' };
    }

    /** What a browser would come back with after somebody signed in at `url`. `twist` changes the
     *  claims, `more` is {key, header, token}. */
    signIn(url, claims = {}, more = {}) {
        const asked = Object.fromEntries(new URL(url).searchParams);
        const code = randomBytes(16).toString('hex');
        this.codes.set(code, { asked, claims, more });
        return { code, state: asked.state };
    }

    claimsOf({ asked, claims }) {
        const now = Math.floor(Date.now() / 1000);
        const all = { iss: this.issuer, aud: asked.client_id, sub: 'subject-1', iat: now,
                      exp: now + 300, nonce: asked.nonce, auth_time: now, ...claims };
        for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
        return all;
    }

    async answer(request, response) {
        this.asked.push(request.url);
        let body = '';
        for await (const part of request) body += part;
        const [status, value] = this.route(request, body);
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(typeof value === 'string' ? value : JSON.stringify(value));
    }

    route(request, body) {
        if (request.url === '/.well-known/openid-configuration')
            return [200, { issuer: this.issuer, authorization_endpoint: `${this.issuer}/auth`,
                           token_endpoint: `${this.issuer}/token`, jwks_uri: `${this.issuer}/keys`,
                           ...this.document }];
        if (request.url === '/keys') return [200, { keys: this.keys.map(({ jwk }) => jwk) }];
        if (request.url === '/token' && request.method === 'POST')
            return this.redeem(request, new URLSearchParams(body));
        return [404, {}];
    }

    redeem(request, form) {
        const { code } = Object.fromEntries(form);
        const found = this.codes.get(code);
        this.codes.delete(code);
        const { env } = this;
        const pair = [env.OIDC_CLIENT_ID, env.OIDC_CLIENT_SECRET].map(encodeURIComponent).join(':');
        const challenge = createHash('sha256').update(form.get('code_verifier') ?? '');
        const fine = found && form.get('grant_type') === 'authorization_code'
            && form.get('redirect_uri') === found.asked.redirect_uri
            && found.asked.code_challenge_method === 'S256'
            && challenge.digest('base64url') === found.asked.code_challenge
            && request.headers.authorization === `Basic ${Buffer.from(pair).toString('base64')}`;
        if (!fine) return [400, { error: 'invalid_grant' }];
        const { key = this.keys[0], header, token } = found.more;
        const tokens = { access_token: randomBytes(24).toString('hex'),
                         id_token: token ?? makeToken(key, this.claimsOf(found), header) };
        this.tokens.push(...Object.values(tokens));
        return [200, { ...tokens, token_type: 'Bearer' }];
    }
}
