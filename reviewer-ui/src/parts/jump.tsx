// The box behind Ctrl K: a request by number or words, or a page.
import { useEffect, useState } from 'preact/hooks';
import { call } from '../base/api';
import { jumpOpen } from '../base/keys';
import { go } from '../base/route';
import { isAdmin, isReviewer, mayAsk } from '../base/session';
import { nameOf } from '../base/title';
import type { RequestList } from '../base/types';
import { Dialog } from './dialog';
import { StateSign } from './small';
import { t } from '../texts';

interface Target {
  path: string;
  text: string;
  state?: string;
  number?: string;
}

function pages(words: string): Target[] {
  const all: Target[] = [
    ...(mayAsk.value ? [{ path: '/ask', text: t.nav.ask }] : []),
    ...(isReviewer.value ? [{ path: '/review', text: t.nav.review }] : []),
    { path: '/requests', text: t.nav.requests },
    ...(isAdmin.value
      ? [
          { path: '/workers', text: t.nav.workers },
          { path: '/audit', text: t.nav.audit },
        ]
      : []),
    { path: '/account', text: t.nav.account },
  ];
  return all.filter((page) => page.text.toLowerCase().includes(words.toLowerCase()));
}

function useFound(words: string): Target[] {
  const [found, set] = useState<Target[]>([]);
  useEffect(() => {
    if (words.length < 2) return set([]);
    const stop = new AbortController();
    const query = `/api/requests?view=all&limit=8&q=${encodeURIComponent(words)}`;
    const timer = setTimeout(() => {
      call<RequestList>(query, { signal: stop.signal })
        .then(({ requests }) =>
          set(
            requests.map((request) => ({
              path: `/requests/${request.id}`,
              text: nameOf(request),
              state: request.state,
              number: t.number(request.id),
            })),
          ),
        )
        .catch(() => undefined);
    }, 120);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [words]);
  return found;
}

function Option({
  target,
  id,
  chosen,
  onPick,
}: {
  target: Target;
  id: string;
  chosen: boolean;
  onPick: () => void;
}) {
  return (
    <li id={id} role="option" aria-selected={chosen} onClick={onPick}>
      {target.number && <span class="mono dim">{target.number}</span>}
      <bdi class="jump-text">{target.text}</bdi>
      {target.state && <StateSign state={target.state} />}
    </li>
  );
}

function Box() {
  const [words, write] = useState('');
  const [at, move] = useState(0);
  const found = useFound(words.trim());
  const number = /^#?(\d{1,15})$/.exec(words.trim())?.[1];
  const direct = number ? [{ path: `/requests/${number}`, text: t.jump.goTo(Number(number)) }] : [];
  const targets = [...direct, ...found, ...pages(words.trim())];
  const chosen = Math.min(at, targets.length - 1);
  const pick = (target: Target | undefined) => {
    if (!target) return;
    jumpOpen.value = false;
    go(target.path);
  };
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) move((chosen + step + targets.length) % Math.max(1, targets.length));
    else if (event.key === 'Enter') pick(targets[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        class="field"
        type="text"
        role="combobox"
        list={undefined}
        aria-label={t.jump.hint}
        placeholder={t.jump.hint}
        autofocus
        aria-expanded="true"
        aria-controls="jump-list"
        aria-activedescendant={targets.length ? `jump-${chosen}` : undefined}
        value={words}
        onInput={(event) => {
          write(event.currentTarget.value);
          move(0);
        }}
        onKeyDown={keys}
      />
      <ul class="jump-list" id="jump-list" role="listbox" aria-label={t.jump.title}>
        {targets.map((target, index) => (
          <Option
            key={target.path + index}
            id={`jump-${index}`}
            target={target}
            chosen={index === chosen}
            onPick={() => pick(target)}
          />
        ))}
      </ul>
      {targets.length === 0 && <p class="empty">{t.jump.nothing}</p>}
    </>
  );
}

export function Jump() {
  if (!jumpOpen.value) return null;
  return (
    <Dialog title={t.jump.title} onClose={() => (jumpOpen.value = false)}>
      <Box />
    </Dialog>
  );
}
