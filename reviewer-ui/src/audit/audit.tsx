// The Audit view of admins: questions to choose from, what is asked, and the answer.
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../base/api';
import { go, route } from '../base/route';
import { isAdmin } from '../base/session';
import { Icon, type IconName } from '../parts/icons';
import { A, Button, Loading } from '../parts/small';
import { Answer } from './answer';
import { OwnForm, QuestionForm } from './form';
import { HeadPanel } from './head';
import { Retention } from './retention';
import { cancel } from './run';
import type { AuditOffer, AuditQuestion } from './types';
import { t } from '../texts';

const own = 'sql';
const retention = 'retention';
const example = 'select event, count(*)\nfrom audit_logs\ngroup by event\norder by count(*) desc';

function useOffer(): { offer: AuditOffer | null; failed: boolean; load: () => void } {
  const [offer, set] = useState<AuditOffer | null>(null);
  const [failed, fail] = useState(false);
  const load = () => {
    fail(false);
    call<AuditOffer>('/api/audit/questions')
      .then(set)
      .catch(() => fail(true));
  };
  useEffect(load, []);
  return { offer, failed, load };
}

// What is no question.
const icons: Record<string, IconName> = { [own]: 'code', [retention]: 'clock' };

function matches(question: AuditQuestion, words: string): boolean {
  const text = `${question.title} ${question.about} ${question.id}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function Choice({ id, chosen, title }: { id: string; chosen: string; title: string }) {
  return (
    <li>
      <A href={`/audit?q=${id}`} aria-current={id === chosen ? 'true' : undefined}>
        {icons[id] && <Icon name={icons[id]} />}
        {title}
      </A>
    </li>
  );
}

function Choices({ questions, chosen }: { questions: AuditQuestion[]; chosen: string }) {
  const [words, write] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const found = questions.filter((one) => matches(one, words));
  useEffect(() => {
    const link = list.current?.querySelector<HTMLElement>('[aria-current]');
    if (list.current && link) list.current.scrollTop = link.offsetTop - 80;
  }, []);
  return (
    <nav class="card audit-choices" aria-label={t.audit.questions}>
      <input
        class="field"
        type="search"
        aria-label={t.audit.search}
        placeholder={t.audit.search}
        value={words}
        onInput={(event) => write(event.currentTarget.value)}
      />
      <ul ref={list}>
        <Choice id={own} chosen={chosen} title={t.audit.own} />
        <Choice id={retention} chosen={chosen} title={t.audit.retention.title} />
        {found.map(({ id, title }) => (
          <Choice key={id} id={id} chosen={chosen} title={title} />
        ))}
      </ul>
      {found.length === 0 && <p class="dim">{t.audit.noQuestion}</p>}
    </nav>
  );
}

function Desk({ offer }: { offer: AuditOffer }) {
  const [sql, write] = useState(example);
  const chosen = route.value.query.get('q') ?? offer.questions[0]?.id ?? own;
  const question = offer.questions.find((one) => one.id === chosen) ?? null;
  const dropping = chosen === retention;
  // Another question, or another view: what still runs is of no use to anybody.
  useEffect(() => () => cancel({ state: 'none' }), [chosen]);
  const change = (text: string) => {
    write(text);
    go(`/audit?q=${own}`);
  };
  return (
    <div class="audit-desk">
      <Choices questions={offer.questions} chosen={question || dropping ? chosen : own} />
      <div class="audit-work">
        {dropping && <Retention />}
        {question ? (
          <QuestionForm key={chosen} question={question} change={change} />
        ) : (
          !dropping && <OwnForm sql={sql} write={write} views={offer.views} />
        )}
        {!dropping && <Answer question={question} sql={question?.sql ?? sql} />}
      </div>
    </div>
  );
}

export function Audit() {
  if (!isAdmin.value)
    return (
      <div class="wide">
        <h1>{t.audit.title}</h1>
        <p class="empty">{t.audit.notAllowed}</p>
      </div>
    );
  return <AdminAudit />;
}

function AdminAudit() {
  const { offer, failed, load } = useOffer();
  return (
    <div class="wide audit">
      <header class="audit-top">
        <div>
          <h1>{t.audit.title}</h1>
          <p class="dim measure">{t.audit.intro}</p>
        </div>
        <HeadPanel />
      </header>
      {failed && (
        <div class="empty">
          <p>{t.audit.loadFailed}</p>
          <Button onClick={load}>{t.tryAgain}</Button>
        </div>
      )}
      {!offer && !failed && <Loading />}
      {offer && <Desk offer={offer} />}
    </div>
  );
}
