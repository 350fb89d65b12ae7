// The middle of the desk: who asks what, what the run gets, the code, the decision.
import { useLayoutEffect, useMemo, useState } from 'preact/hooks';
import { useTitleFocus } from '../base/arrival';
import { addKeys } from '../base/keys';
import { go } from '../base/route';
import { formatBytes, formatDuration } from '../base/format';
import { nameOf } from '../base/title';
import type { Detail } from '../base/types';
import { Icon, Sign } from '../parts/icons';
import { Deadline } from '../parts/deadline';
import {
  A,
  Avatar,
  Button,
  CopyButton,
  GlassSign,
  riskTones,
  Said,
  Since,
  StateSign,
} from '../parts/small';
import { Tabs } from '../parts/tabs';
import { Capabilities } from './capabilities';
import { DecisionBar } from './decision';
import { TabBody, tabsOf, useVersionBefore } from './tab-body';
import type { ReadVersion } from './read-version';
import { useSeen } from './seen';
import { t } from '../texts';

function HeadActions({ detail }: { detail: Detail }) {
  return (
    <div class="request-link">
      {detail.can.revise && (
        <Button
          small
          tone="quiet"
          icon="pencil"
          title={t.review.editTitle}
          onClick={() => go(`/ask?revise=${detail.id}&request=${detail.id}`)}
        >
          {t.review.edit}
        </Button>
      )}
      <CopyButton
        text={() => `${location.origin}/review/${detail.id}`}
        label={t.copyLink}
        icon="link"
        small
        quiet
      />
    </div>
  );
}

function Head({ detail }: { detail: Detail }) {
  const title = useTitleFocus();
  const { author, team } = detail;
  return (
    <header class="request-head">
      <A class="back button quiet icon-only" href="/review" aria-label={t.back}>
        <Icon name="left" size={20} />
      </A>
      <div class="request-meta">
        <span class="mono dim">{t.number(detail.id)}</span>
        <StateSign state={detail.state} />
        <span class={`state tone-${riskTones[detail.risk]}`}>
          <Sign tone={riskTones[detail.risk]} size={15} /> {t.risk[detail.risk]}
        </span>
        {detail.break_glass && <GlassSign />}
        <span class="dim">
          {t.versionOf(detail.revision, detail.revisions.length || detail.revision)}
        </span>
      </div>
      <h2 class="request-title" tabIndex={-1} ref={title}>
        <Said text={nameOf(detail)} />
      </h2>
      <p class="request-who">
        <Avatar name={author.name} />
        <span>
          {t.review.askedBy}{' '}
          <strong>
            <Said text={author.name} />
          </strong>
          {author.kind === 'agent' && author.owner && ` (${t.ofOwner(author.owner.name)})`},{' '}
          <Said text={team.name} />
        </span>
        <span class="dim">
          <Since at={detail.created_at} words={t.ago} />
          {detail.state === 'pending' && ` · ${t.review.waitsFor(detail.quorum)}`}
          {detail.clock && ' · '}
          <Deadline clock={detail.clock} />
        </span>
      </p>
      {detail.same_as && (
        <p class="request-who">
          <A href={`/review/${detail.same_as}`}>{t.review.sameAs(t.number(detail.same_as))}</A>
          <span class="dim">{t.review.sameAsAbout}</span>
        </p>
      )}
      <HeadActions detail={detail} />
    </header>
  );
}

export function Gets({ detail }: { detail: Detail }) {
  const { limits, network, sandbox, image } = detail.bundle;
  const names = detail.files.map((file) => file.name).join(', ');
  return (
    <ul class="gets">
      <li>
        <Icon name="data" />
        {names ? (
          <span>
            {t.run.reads}{' '}
            <strong>
              <Said text={names} />
            </strong>
          </span>
        ) : (
          t.run.noFiles
        )}
      </li>
      <li class={sandbox === 'local' ? undefined : 'tone-medium'}>
        <Icon name="machine" />
        {sandbox === 'local' ? (
          t.sandbox.runsHere
        ) : (
          <span>
            <Said text={t.sandbox.runsAt(sandbox, image)} />
          </span>
        )}
      </li>
      <li class={network === 'none' ? 'tone-low' : 'tone-high'}>
        <Icon name="globe" />
        {network === 'none' ? t.run.noNetwork : t.run.network(network)}
      </li>
      <li>
        <Icon name="clock" />
        {t.run.limits(formatDuration(limits.wall_ms), formatBytes(limits.memory_bytes))}
      </li>
    </ul>
  );
}

function Summary({ detail }: { detail: Detail }) {
  const question = detail.question?.trim();
  return (
    <section class="card summary">
      {question && question !== nameOf(detail) && (
        <p class="answer-line clamp">
          <Said text={question} />
        </p>
      )}
      <h3>{t.can.title}</h3>
      <Capabilities detail={detail} />
      <h3>{t.run.title}</h3>
      <Gets detail={detail} />
    </section>
  );
}

function useTabKeys(choose: (id: string) => void): void {
  useLayoutEffect(() => {
    const names = ['code', 'changes', 'question', 'activity'];
    return addKeys(
      Object.fromEntries(names.map((name, index) => [`${index + 1}`, () => choose(name)])),
    );
  }, []);
}

export function RequestPane({ detail, newer, showNewer }: ReadVersion) {
  const [tab, choose] = useState('code');
  const before = useVersionBefore(detail);
  const tabs = useMemo(() => tabsOf(detail, before), [detail, before]);
  useTabKeys(choose);
  useSeen(detail, tab, before);
  const show = () => {
    showNewer();
    choose('changes');
  };
  return (
    <>
      <div class="request-scroll" tabIndex={-1}>
        <Head detail={detail} />
        <Summary detail={detail} />
        <Tabs tabs={tabs} chosen={tab} choose={choose} label={t.review.tabsLabel}>
          <TabBody tab={tab} detail={detail} before={before} />
        </Tabs>
      </div>
      <DecisionBar detail={detail} newer={newer} showNewer={show} />
    </>
  );
}
