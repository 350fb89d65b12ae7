// What the run prints, as it prints it: text nodes only, the end of it, followed unless the
// reader scrolled up.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { loadDetail } from '../base/details';
import { noOutput, watchOutput, type Output, type Stretch } from '../base/output';
import { Button, Said } from '../parts/small';
import { t } from '../texts';

const nearEnd = 24;

function StretchText({ stretch }: { stretch: Stretch }) {
  const { stream, text, missing } = stretch;
  return useMemo(
    () => (
      <>
        {missing > 0 && <span class="live-missing">{t.output.missing(missing)}</span>}
        {text !== '' && (
          <span
            class={stream === 'stderr' ? 'live-err' : undefined}
            data-label={stream === 'stderr' ? t.output.err : undefined}
          >
            <Said output text={text} />
          </span>
        )}
      </>
    ),
    [stream, text, missing],
  );
}

function useFollow(output: Output) {
  const box = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const toEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useLayoutEffect(() => {
    if (follow) toEnd();
  }, [output, follow]);
  const look = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current!;
    setFollow(scrollHeight - scrollTop - clientHeight < nearEnd);
  };
  return { box, follow, look, toEnd };
}

export function LiveOutput({ id }: { id: number }) {
  const [output, set] = useState(noOutput);
  useEffect(() => watchOutput(id, { tell: set, ended: () => void loadDetail(id) }), [id]);
  const { box, follow, look, toEnd } = useFollow(output);
  const { stretches, away } = output;
  const bounded = stretches.some((one) => one.missing > 0);
  return (
    <section class="panel text-item live-output">
      <header class="panel-head">
        <h3>{t.output.title}</h3>
        <span class="grow" />
        {!follow && (
          <Button small tone="quiet" icon="down" onClick={toEnd}>
            {t.output.toEnd}
          </Button>
        )}
      </header>
      {away && <p class="live-away">{t.output.away}</p>}
      {stretches.length === 0 && !away && <p class="live-nothing dim">{t.output.nothing}</p>}
      <div
        class="output"
        role="region"
        tabIndex={0}
        aria-label={t.output.title}
        hidden={stretches.length === 0}
        ref={box}
        onScroll={look}
      >
        <pre>
          {stretches.map((one) => (
            <StretchText key={one.key} stretch={one} />
          ))}
        </pre>
      </div>
      {bounded && <p class="live-foot dim">{t.output.bounded}</p>}
    </section>
  );
}
