// The output items of one attempt: answer, charts, tables, files, text.
import { useEffect, useState } from 'preact/hooks';
import { formatBytes } from '../base/format';
import type { Attempt, Detail, Item } from '../base/types';
import { Icon } from '../parts/icons';
import { Button, CopyButton, Loading, Said } from '../parts/small';
import { TableItem } from './table-item';
import { t } from '../texts';

const tableType = 'application/vnd.countersign.table+json';
const firstPart = 65_536;

export function addressOf(detail: Detail, attempt: Attempt, item: Item): string {
  return `/api/requests/${detail.id}/results/${item.n}?attempt=${attempt.id}`;
}

export function isTable(item: Item): boolean {
  return item.mime.split(';')[0] === tableType;
}

function isChart(item: Item): boolean {
  return item.kind === 'chart' && item.mime.startsWith('image/');
}

function isText(item: Item): boolean {
  return (
    item.mime.startsWith('text/plain') || ['stdout', 'stderr', 'traceback'].includes(item.kind)
  );
}

function useText(address: string) {
  const [text, set] = useState<string | null>(null);
  const [failed, fail] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    fetch(address, { signal: stop.signal, credentials: 'same-origin' })
      .then(async (response) => {
        if (!response.ok) throw new Error(String(response.status));
        set(new TextDecoder().decode(await response.arrayBuffer()));
      })
      .catch(() => {
        if (!stop.signal.aborted) fail(true);
      });
    return () => stop.abort();
  }, [address]);
  return { text, failed };
}

interface TextProps {
  address: string;
  title: string;
  folded?: boolean;
}

function TextBody({ address, title }: TextProps) {
  const { text, failed } = useText(address);
  const [all, showAll] = useState(false);
  if (failed) return <p class="dim">{t.result.loadFailed}</p>;
  if (text === null) return <Loading />;
  const shown = all ? text : text.slice(0, firstPart);
  return (
    <div class="panel text-item">
      <header class="panel-head">
        <span>{title}</span>
        <span class="grow" />
        <CopyButton text={() => text} label={t.copy} small quiet />
      </header>
      <div class="output" role="region" tabIndex={0} aria-label={title}>
        <pre>
          <Said output text={shown} />
        </pre>
      </div>
      {shown.length < text.length && (
        <Button small onClick={() => showAll(true)}>
          {t.result.showAll(formatBytes(text.length))}
        </Button>
      )}
    </div>
  );
}

function Text(props: TextProps) {
  const [open, setOpen] = useState(!props.folded);
  if (!props.folded) return <TextBody {...props} />;
  return (
    <details
      class="folded-text"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{props.title}</summary>
      {open && <TextBody {...props} />}
    </details>
  );
}

interface ChartProps {
  address: string;
  title: string;
  alt: string;
  file: string;
}

function Chart({ address, title, alt, file }: ChartProps) {
  const [failed, fail] = useState(false);
  if (failed) return <p class="dim">{t.result.loadFailed}</p>;
  return (
    <figure class="chart">
      <a href={address} target="_blank" rel="noopener noreferrer" title={t.result.openChart}>
        <img src={address} alt={alt} loading="lazy" decoding="async" onError={() => fail(true)} />
      </a>
      <figcaption class="dim">
        <Said text={title} />
        <a class="button quiet small" href={address} download={file}>
          <Icon name="download" /> <span class="label">{t.result.png}</span>
        </a>
      </figcaption>
    </figure>
  );
}

function FileRow({ address, item }: { address: string; item: Item }) {
  return (
    <li class="file-row">
      <Icon name="file" />
      <a
        class="file-name"
        href={address}
        download={item.name}
        aria-label={t.result.download(item.name)}
      >
        <Said text={item.name} />
      </a>
      <span class="dim">{formatBytes(item.bytes)}</span>
      <Icon name="download" />
    </li>
  );
}

interface ItemsProps {
  detail: Detail;
  attempt: Attempt;
}

// The answer first; what was only printed last.
const order = ['traceback', 'chart', 'table', 'result', 'stdout', 'stderr'];

function rank(item: Item): number {
  const at = order.indexOf(isTable(item) ? 'table' : item.kind);
  return at < 0 ? order.length : at;
}

const titles: Record<string, string> = {
  stdout: t.result.stdout,
  stderr: t.result.stderr,
  result: t.result.answer,
  traceback: t.result.traceback,
};

function ItemView({ detail, attempt, item, nth }: ItemsProps & { item: Item; nth: number }) {
  const address = addressOf(detail, attempt, item);
  if (isTable(item)) {
    const charts = attempt.items.some(isChart);
    return (
      <TableItem address={address} title={item.name || t.result.table(nth)} noChart={charts} />
    );
  }
  if (isChart(item)) {
    // The sandbox numbers figures that the code did not name.
    const title = /^chart-\d+\.png$/.test(item.name) ? t.result.chart(nth) : item.name;
    const alt = t.result.chartAlt(title, detail.title);
    return <Chart address={address} title={title} alt={alt} file={item.name} />;
  }
  const folded = item.kind === 'stderr' && detail.state === 'succeeded';
  return (
    <Text address={address} title={titles[item.kind] ?? (item.name || item.kind)} folded={folded} />
  );
}

export function Items({ detail, attempt }: ItemsProps) {
  const shown = attempt.items.filter((item) => isTable(item) || isChart(item) || isText(item));
  const inline = shown.filter((item) => item.kind !== 'file' && item.bytes > 0);
  const files = attempt.items.filter(
    (item) => !inline.includes(item) && (item.kind === 'file' || item.bytes > 0),
  );
  const sorted = [...inline].sort((a, b) => rank(a) - rank(b) || a.n - b.n);
  const nth = (item: Item) => sorted.filter((one) => rank(one) === rank(item)).indexOf(item) + 1;
  return (
    <>
      {sorted.map((item) => (
        <ItemView
          key={`${attempt.id}.${item.n}`}
          detail={detail}
          attempt={attempt}
          item={item}
          nth={nth(item)}
        />
      ))}
      {files.length > 0 && (
        <section class="result-files">
          <h3>{t.result.filesTitle}</h3>
          <ul>
            {files.map((item) => (
              <FileRow key={item.n} address={addressOf(detail, attempt, item)} item={item} />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
