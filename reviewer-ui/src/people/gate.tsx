// All that somebody sees who must set up a second factor first: how, why, and the way out.
import { useTitleFocus } from '../base/arrival';
import { loadMe, me, signOut } from '../base/session';
import { Button, Note, Said } from '../parts/small';
import { Frame } from './frame';
import { FactorBody } from './second-factor';
import { t } from '../texts';

export function Gate() {
  const title = useTitleFocus();
  const login = me.value?.person.login ?? '';
  return (
    <Frame foot={t.signIn.intro}>
      <div class="account-card gate">
        <h1 tabIndex={-1} ref={title}>
          {t.factor.missingTitle}
        </h1>
        <Note tone="info">
          <p>{t.factor.missing}</p>
        </Note>
        <h2>{t.factor.title}</h2>
        <p class="dim">{t.factor.about}</p>
        <FactorBody changed={() => void loadMe().catch(() => undefined)} />
        <p class="gate-foot">
          <span class="dim">
            <Said text={t.nav.signedInAs(login)} />
          </span>
          <Button small onClick={() => void signOut()}>
            {t.nav.signOut}
          </Button>
        </p>
      </div>
    </Frame>
  );
}
