// Signing in where somebody else knows who one is: a proxy, or an OpenID provider.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../base/api';
import { go } from '../base/route';
import { pathAfterSignIn, signIn, signInByProvider } from '../base/session';
import { Button } from '../parts/small';
import { t } from '../texts';

type Fail = (reason: unknown, refused: string) => void;

const ways: Record<string, { label: string; act: () => Promise<void>; refused: string }> = {
  proxy: {
    label: t.signIn.byProxy,
    act: () => signIn({ proxy: true }).then(() => go(pathAfterSignIn(), 'replace')),
    refused: t.signIn.proxyWrong,
  },
  oidc: {
    label: t.signIn.byProvider,
    act: async () => {
      const { url } = await call<{ url: string }>('/api/oidc/start', { body: {}, quiet: true });
      location.assign(url);
    },
    refused: t.signIn.providerWrong,
  },
};

export function OtherWays({ fail }: { fail: Fail }) {
  const [known, setKnown] = useState<string[]>([]);
  useEffect(() => {
    call<{ sign_in: string[] }>('/api/instance', { quiet: true })
      .then((found) => setKnown(found.sign_in))
      .catch(() => undefined);
  }, []);
  return (
    <>
      {known.map((name) => {
        const way = ways[name];
        if (!way) return null;
        const act = () => void way.act().catch((reason) => fail(reason, way.refused));
        return (
          <Button key={name} onClick={act} class="wide-button">
            {way.label}
          </Button>
        );
      })}
    </>
  );
}

export interface Return {
  code: string;
  state: string;
  iss?: string;
}

// What the provider sent back leaves the address bar and the history before anything else happens.
// An empty code: it refused.
export function takeReturn(): Return | null {
  const query = new URLSearchParams(location.search);
  const state = query.get('state');
  if (!state || !(query.has('code') || query.has('error'))) return null;
  history.replaceState(null, '', '/sign-in');
  const iss = query.get('iss');
  return { code: query.get('code') ?? '', state, ...(iss && { iss }) };
}

export function ProviderReturn({ back, fail }: { back: Return; fail: (reason: unknown) => void }) {
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    if (!back.code) return fail(null);
    signInByProvider(back)
      .then(() => go(pathAfterSignIn(), 'replace'))
      .catch(fail);
  }, []);
  return (
    <div role="status">
      <h1>{t.signIn.linkTitle}</h1>
      <p class="dim">{t.signIn.providerIntro}</p>
    </div>
  );
}
