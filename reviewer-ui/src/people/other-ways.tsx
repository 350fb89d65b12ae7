// Signing in where somebody else knows who one is: a proxy, or an OpenID provider.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../base/api';
import { go } from '../base/route';
import { showToast } from '../base/messages';
import {
  arriving,
  leaveForProvider,
  pathAfterSignIn,
  signIn,
  signInByProvider,
} from '../base/session';
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
    act: () => leaveForProvider(false),
    refused: t.signIn.providerWrong,
  },
};

// The ways to sign in here; null until they are known.
export function useWays(): string[] | null {
  const [known, setKnown] = useState<string[] | null>(null);
  useEffect(() => {
    call<{ sign_in: string[] }>('/api/instance', { quiet: true })
      .then((found) => setKnown(found.sign_in))
      .catch(() => undefined);
  }, []);
  return known;
}

export function OtherWays({ fail }: { fail: Fail }) {
  const known = useWays();
  return (
    <>
      {known?.map((name) => {
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
  arriving.value = true;
  const iss = query.get('iss');
  return { code: query.get('code') ?? '', state, ...(iss && { iss }) };
}

export function ProviderReturn({ back, fail }: { back: Return; fail: (reason: unknown) => void }) {
  const started = useRef(false);
  useEffect(() => {
    if (started.current) return;
    started.current = true;
    const refused = back.code ? signInByProvider(back) : Promise.reject(null);
    refused
      .then((confirmed) => {
        if (confirmed) showToast({ text: t.prove.done, tone: 'good' });
        go(pathAfterSignIn(), 'replace');
      })
      .catch(fail)
      .finally(() => (arriving.value = false));
  }, []);
  return (
    <div role="status">
      <h1>{t.signIn.linkTitle}</h1>
      <p class="dim">{t.signIn.providerIntro}</p>
    </div>
  );
}
