// Setting up the second factor: the key goes into an app, a code shows that it is there, and
// recovery codes are kept.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../base/api';
import { downloadText } from '../base/download';
import { me } from '../base/session';
import { Button, CopyButton } from '../parts/small';
import { CodeField, useCode } from './code-field';
import { QrCode } from './qr';
import { t } from '../texts';

export interface Key {
  secret: string;
  uri: string;
}

interface SetupProps {
  factorKey: Key;
  done: () => void;
  cancel: () => void;
}

// Each step begins at its title, also for who does not see it.
function useStepFocus() {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    title.current?.scrollIntoView({ block: 'start' });
  }, []);
  return title;
}

const groups = (secret: string) => secret.match(/.{1,4}/g) ?? [];

function KeyText({ secret }: { secret: string }) {
  return (
    <div class="factor-key">
      <p id="factor-key">{t.factor.typeKey}</p>
      <p class="factor-key-row">
        <code aria-labelledby="factor-key" role="group">
          {groups(secret).map((group, n) => (
            <span key={n}>{group} </span>
          ))}
        </code>
        <CopyButton small icon="copy" text={() => secret} label={t.factor.copyKey} />
      </p>
    </div>
  );
}

function Codes({ codes, done }: { codes: string[]; done: () => void }) {
  const title = useStepFocus();
  const text = () =>
    [t.factor.fileHead(me.value?.person.login ?? ''), '', ...codes, ''].join('\n');
  return (
    <div class="factor-step">
      <h3 tabIndex={-1} ref={title}>
        {t.factor.kept}
      </h3>
      <p class="dim">{t.factor.keptAbout}</p>
      <ul class="recovery-codes" aria-label={t.factor.codes}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div class="actions">
        <CopyButton icon="copy" text={text} label={t.factor.copyCodes} />
        <Button icon="download" onClick={() => downloadText(t.factor.file, text())}>
          {t.factor.download}
        </Button>
        <Button tone="primary" onClick={done}>
          {t.factor.done}
        </Button>
      </div>
    </div>
  );
}

export function Setup({ factorKey, done, cancel }: SetupProps) {
  const [kept, keepCodes] = useState<string[] | null>(null);
  const title = useStepFocus();
  const codes = useCode(async (code) => {
    const path = '/api/second-factor/confirm';
    const found = await call<{ recovery_codes: string[] }>(path, { body: { code }, quiet: true });
    keepCodes(found.recovery_codes);
  });
  if (kept) return <Codes codes={kept} done={done} />;
  return (
    <form class="factor-step" onSubmit={codes.submit} noValidate>
      <h3 tabIndex={-1} ref={title}>
        {t.factor.scan}
      </h3>
      <QrCode text={factorKey.uri} label={t.factor.picture} />
      <p class="factor-open">
        <a href={factorKey.uri}>{t.factor.openApp}</a>
      </p>
      <KeyText secret={factorKey.secret} />
      <h3>{t.factor.enter}</h3>
      <CodeField codes={codes} recovery={false} first={false} />
      <div class="actions">
        <Button tone="primary" type="submit" busy={codes.busy}>
          {t.factor.turnOn}
        </Button>
        <Button onClick={cancel}>{t.factor.cancel}</Button>
      </div>
    </form>
  );
}
