// What is bound by an approval, besides the code: files, limits, sandbox, fingerprint.
import type { ComponentChildren } from 'preact';
import {
  formatBytes,
  formatDigest,
  formatDuration,
  formatFull,
  formatMoney,
  formatNumber,
  formatWhen,
} from '../base/format';
import type { Budget, Bundle, Decision, Detail, InputFile } from '../base/types';
import { Icon } from '../parts/icons';
import { Note, riskTones, Said, VerdictSign } from '../parts/small';
import { t } from '../texts';

function Fact({
  name,
  children,
  title,
}: {
  name: ComponentChildren;
  children: ComponentChildren;
  title?: string;
}) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

// A limit that a service's template sets itself, and no bundle of an earlier release binds.
function OwnLimit({
  name,
  value,
  format,
}: {
  name: string;
  value?: number;
  format: (value: number) => string;
}) {
  if (value === undefined) return null;
  return <Fact name={name}>{value === 0 ? t.facts.ofTemplate : format(value)}</Fact>;
}

function Packages({ bundle }: { bundle: Bundle }) {
  const { image_digest: digest } = bundle;
  if (digest === undefined) return null;
  return (
    <Fact name={t.facts.packages} title={digest || t.facts.packagesHelp}>
      {digest ? <span class="mono">{formatDigest(digest)}</span> : t.facts.packagesUnknown}
    </Fact>
  );
}

function RunFacts({ detail }: { detail: Detail }) {
  const { bundle } = detail;
  const { limits } = bundle;
  const network = bundle.network === 'none' ? t.facts.networkNone : bundle.network;
  return (
    <section>
      <h3>{t.facts.run}</h3>
      <dl class="facts">
        <Fact name={t.facts.sandbox}>
          <bdi>{t.sandbox.name(bundle.sandbox)}</bdi>
        </Fact>
        <Fact name={t.sandbox.image(bundle.sandbox)}>
          <Said text={bundle.image} />
        </Fact>
        <Packages bundle={bundle} />
        {bundle.isolation && (
          <Fact name={t.facts.isolation}>
            {t.facts.isolations[bundle.isolation] ?? bundle.isolation}
          </Fact>
        )}
        <Fact name={t.facts.network}>{network}</Fact>
        <Fact name={t.facts.time}>{formatDuration(limits.wall_ms)}</Fact>
        <OwnLimit name={t.facts.cpu} value={limits.cpu_ms} format={formatDuration} />
        <Fact name={t.facts.memory}>{formatBytes(limits.memory_bytes)}</Fact>
        <OwnLimit name={t.facts.disk} value={limits.tmp_bytes} format={formatBytes} />
        <Fact name={t.facts.processes}>{formatNumber(limits.pids)}</Fact>
        <Fact name={t.facts.output}>{formatBytes(limits.output_bytes)}</Fact>
        <Fact name={t.facts.outFiles}>{t.facts.outFilesOf(limits.files, limits.file_bytes)}</Fact>
        <Fact name={t.facts.again}>{bundle.retry_safe ? t.facts.yes : t.facts.no}</Fact>
        {bundle.max_attempts !== undefined && (
          <Fact name={t.facts.attempts}>{t.facts.attemptsOf(bundle.max_attempts)}</Fact>
        )}
        {detail.state === 'pending' && detail.expires_at && (
          <Fact name={t.facts.waitsUntil} title={formatFull(detail.expires_at)}>
            {formatWhen(detail.expires_at)}
          </Fact>
        )}
        <Fact name={t.facts.fingerprint} title={bundle.sha256}>
          <span class="mono">{formatDigest(bundle.sha256)}</span>
        </Fact>
      </dl>
      <p class="facts-help dim">{t.facts.fingerprintHelp}</p>
    </section>
  );
}

function BudgetFact({ budget }: { budget: Budget }) {
  const used = formatMoney(budget.settled_nano_usd + budget.reserved_nano_usd);
  const state = t.facts.budgetStates[budget.state];
  const end = budget.ends_at;
  const help = end ? t.facts.budgetUntil(formatFull(end)) : t.facts.budgetHelp;
  return (
    <Fact name={<Said text={t.facts.budgetOf(budget.name)} />} title={help}>
      {t.facts.usedOf(used, formatMoney(budget.limit_nano_usd))}
      {state && <strong> · {state}</strong>}
    </Fact>
  );
}

// Only where somebody set a limit: elsewhere nobody asks what a run may cost.
function MoneyFacts({ budgets }: { budgets: Budget[] }) {
  const [first] = budgets;
  if (!first) return null;
  const { bound_nano_usd: bound } = first;
  return (
    <section>
      <h3>{t.facts.money}</h3>
      <dl class="facts">
        <Fact name={t.facts.costsAtMost}>
          {bound === null ? t.facts.costUnknown : formatMoney(bound)}
        </Fact>
        {budgets.map((budget) => (
          <BudgetFact key={budget.scope} budget={budget} />
        ))}
      </dl>
    </section>
  );
}

function FileFact({ file }: { file: InputFile }) {
  return (
    <li>
      <Icon name="file" />
      <div>
        <a class="file-name" href={`/api/files/${file.id}`} download={file.name}>
          <Said text={file.name} />
        </a>
        <span class="dim">
          {formatBytes(file.bytes)} ·{' '}
          <span class="mono" title={file.sha256}>
            {formatDigest(file.sha256)}
          </span>
        </span>
      </div>
    </li>
  );
}

function DecisionFact({ decision }: { decision: Decision }) {
  return (
    <li>
      <VerdictSign verdict={decision.verdict} />
      <div>
        <span>
          {t.facts.verdicts[decision.verdict]} · <Said text={decision.reviewer.name} />
        </span>
        <span class="dim">
          {t.facts.onVersion(decision.revision)} · {formatWhen(decision.decided_at)}
          {decision.void && ` · ${t.facts.void}`}
        </span>
        {decision.note && (
          <q>
            <Said text={decision.note} />
          </q>
        )}
      </div>
    </li>
  );
}

// The findings themselves stand at the code; here is how grave they are, and by which rules.
function Checked({ detail }: { detail: Detail }) {
  const { policy, findings, risk } = detail;
  if (!policy)
    return (
      <Note tone="medium">
        <p>{t.facts.checkNone}</p>
      </Note>
    );
  const grave = findings.filter(({ level }) => level !== 'note');
  return (
    <Note tone={riskTones[risk]}>
      <p>
        <strong>{t.risk[risk]}</strong>
      </p>
      {grave.length === 0 && <p>{t.facts.checkedNothing}</p>}
      <ul class="fact-findings">
        {grave.map((finding, n) => (
          <li key={n}>
            <a href={`#L${finding.line}`}>{finding.title}</a>{' '}
            <span class="dim">{t.code.line(finding.line)}</span>
          </li>
        ))}
      </ul>
      <p class="dim">
        {t.facts.checked(policy.version)} {t.facts.checkWhy}
      </p>
    </Note>
  );
}

export function Facts({ detail }: { detail: Detail }) {
  return (
    <>
      <section>
        <h3>{t.facts.check}</h3>
        <Checked detail={detail} />
      </section>
      <section>
        <h3>
          {t.facts.files} <span class="dim">{detail.files.length || ''}</span>
        </h3>
        {detail.files.length === 0 && <p class="dim">{t.facts.noFiles}</p>}
        <ul class="fact-list">
          {detail.files.map((file) => (
            <FileFact key={file.id} file={file} />
          ))}
        </ul>
      </section>
      <MoneyFacts budgets={detail.budgets ?? []} />
      <RunFacts detail={detail} />
      <section>
        <h3>{t.facts.decisions}</h3>
        {detail.decisions.length === 0 && <p class="dim">{t.facts.noDecisions}</p>}
        <ul class="fact-list">
          {detail.decisions.map((decision) => (
            <DecisionFact key={decision.id} decision={decision} />
          ))}
        </ul>
      </section>
    </>
  );
}
