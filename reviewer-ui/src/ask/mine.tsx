// My own requests, newest first.
import { useEffect } from 'preact/hooks';
import { RequestRows } from '../base/lists';
import { nameOf } from '../base/title';
import type { Summary } from '../base/types';
import { A, Button, Loading, Said, Since, StateSign } from '../parts/small';
import { errorText } from '../base/messages';
import { t } from '../texts';

const mine = new RequestRows();

function Row({ row }: { row: Summary }) {
  return (
    <li>
      <A class="row" href={`/ask?request=${row.id}`}>
        <span class="row-main">
          <span class="row-title">
            <Said text={nameOf(row)} />
          </span>
          <span class="row-reason">
            <StateSign state={row.state} />
          </span>
        </span>
        <span class="row-time">
          <Since at={row.state_at} />
          <span class="row-number">{t.number(row.id)}</span>
        </span>
      </A>
    </li>
  );
}

export function MyRequests() {
  useEffect(() => {
    mine.open('view=mine');
    return () => mine.close();
  }, []);
  const { rows, loaded, error, next } = mine.state.value;
  return (
    <section class="card mine" aria-labelledby="mine-title">
      <h2 id="mine-title">{t.ask.mine}</h2>
      {!loaded && !error && <Loading />}
      {!loaded && error && (
        <div class="empty">
          <p>{errorText(error)}</p>
          <Button onClick={() => void mine.load()}>{t.tryAgain}</Button>
        </div>
      )}
      {loaded && rows.length === 0 && <p class="empty">{t.ask.mineEmpty}</p>}
      <ul class="rows">
        {rows.map((row) => (
          <Row key={row.id} row={row} />
        ))}
      </ul>
      {next && (
        <p class="more">
          <Button small onClick={() => mine.more()}>
            {t.more}
          </Button>
        </p>
      )}
    </section>
  );
}
