// One rehearsal: its progress, then its report for reading and printing.

import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatInstant, formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Chart } from "../parts/chart.tsx";
import { Confirm } from "../parts/confirm.tsx";
import { Bar, Card, Notice, Status, Title, NotLoaded } from "../parts/parts.tsx";
import { Table } from "../parts/table.tsx";
import { r } from "../words/rehearsals.ts";
import { codeWord, t } from "../words/words.ts";
import { ms, seconds } from "../duration.ts";
import { DropOutcome, RehearsedTerms } from "./rehearsed-drop.tsx";

type OneRehearsal = Body<"getRehearsal">;
type Report = NonNullable<OneRehearsal["report"]>;

const POLL_MS = 700;

export function Rehearsal({ id }: { id: string }) {
  const isFinished = useSignal(false);
  const { data, error, reload } = useResource(
    id,
    async (signal) => {
      const { body } = await shop.getRehearsal({ path: { id }, signal });
      isFinished.value = body.finishedAt !== null;
      return body;
    },
    { everyMs: isFinished.value ? undefined : POLL_MS },
  );
  if (data === undefined) return <NotLoaded title={t.value.rehearsal} error={error} retry={reload} />;
  const { plan, state, report } = data;
  return (
    <article class="report">
      <Title
        side={
          <>
            <Status of={state} />
            {report ? (
              <button type="button" class="button small quiet no-print" onClick={() => print()}>
                {t.value.print}
              </button>
            ) : (
              data.finishedAt === null && <Stop id={id} stopped={reload} />
            )}
          </>
        }
      >
        {plan.drop ? r.value.ofDrop : t.value.rehearsal}
      </Title>
      <p class="lead">
        <bdi>{[plan.drop?.name ?? plan.product?.name, plan.coupon?.name].filter(Boolean).join(" + ")}</bdi>
        <span class="muted"> · {formatInstant(data.createdAt)}</span>
      </p>
      <RehearsedTerms rehearsal={data} />
      {data.failure && <Notice kind="bad">{data.failure}</Notice>}
      {!report && <Progress rehearsal={data} />}
      {report && <Result report={report} plan={plan} />}
      {data.finishedAt !== null && <NextSteps rehearsal={data} />}
    </article>
  );
}

/** After a report: the drop itself, or another rehearsal after a change. */
function NextSteps({ rehearsal: { dropId, productId, couponId } }: { rehearsal: OneRehearsal }) {
  const again = { drop: dropId ?? undefined, product: dropId === null ? (productId ?? undefined) : undefined, coupon: couponId ?? undefined };
  return (
    <p class="card-links no-print">
      {dropId !== null && <a href={to(`/drops/${dropId}`)}>{r.value.toDrop}</a>}
      <a href={to("/rehearsals", again)}>{r.value.again}</a>
    </p>
  );
}

function Stop({ id, stopped }: { id: string; stopped: () => Promise<void> }) {
  return (
    <Confirm
      needs="operations"
      label={t.value.stop}
      title={t.value.stopRehearsal}
      act={t.value.stop}
      run={async ({ key, shop }) => {
        await shop.stopRehearsal({ path: { id }, body: {}, idempotencyKey: key });
        await stopped();
      }}
    >
      {t.value.stopWords}
    </Confirm>
  );
}

const STEPS = ["PREPARING", "RUNNING", "TIDYING", "AUDITING"] as const;

function Progress({ rehearsal: { state, plan, progress, finishedAt } }: { rehearsal: OneRehearsal }) {
  if (finishedAt !== null) return <p class="muted">{t.value.noReport}</p>;
  const at = STEPS.findIndex((step) => step === state);
  const rows: [string, number, number][] = [
    [t.value.arrived, progress?.arrived ?? 0, plan.buyers],
    ...(plan.coupon ? ([[t.value.claimsWord, progress?.claimed ?? 0, plan.coupon.quantity]] as [string, number, number][]) : []),
    ...(plan.product ? ([[t.value.sold, progress?.sold ?? 0, plan.product.stock]] as [string, number, number][]) : []),
    [t.value.finished, progress?.done ?? 0, plan.buyers],
  ];
  return (
    <Card>
      <ol class="steps" aria-label={t.value.progress}>
        {STEPS.map((step, i) => (
          <li key={step} aria-current={i === at ? "step" : undefined} class={i < at ? "past" : ""}>
            {t.value[step]}
          </li>
        ))}
      </ol>
      <ul class="running" data-progress>
        {rows.map(([label, count, of]) => (
          <li key={label}>
            <span class="running-name">{label}</span>
            <span class="number running-left">
              {formatNumber(count)} / {formatNumber(of)}
            </span>
            <Bar share={of === 0 ? 0 : count / of} label={label} />
          </li>
        ))}
      </ul>
      <p class="no-print">
        <a class="button small" href={to("/live")}>
          {t.value.watchLive}
        </a>{" "}
        <span class="muted">{t.value.mayLeave}</span>
      </p>
    </Card>
  );
}

function Result({ report, plan }: { report: Report; plan: OneRehearsal["plan"] }) {
  const { orders, claims, audit, left, timeline } = report;
  // A later buyer may get units that come back to a drop without a line.
  const isLine = plan.drop === null || plan.drop.waitlist || plan.drop.giveUpPercent === 0;
  const outOfOrder = (orders?.order.outOfOrder ?? 0) + (isLine ? (report.entries?.order.outOfOrder ?? 0) : 0) + (claims?.order.outOfOrder ?? 0);
  const oversold = (left.stock ?? 0) < 0 || (orders && plan.product ? orders.succeeded > plan.product.stock : false);
  const checks: [boolean, string, string][] = [
    [
      !oversold,
      t.value.soldExactly,
      plan.product && orders
        ? t.value.soldOf(orders.succeeded, plan.product.stock)
        : t.value.soldOf(claims?.succeeded ?? 0, plan.coupon?.quantity ?? 0),
    ],
    [outOfOrder === 0, t.value.orderKept, outOfOrder === 0 ? t.value.noneOvertaken : t.value.overtaken(outOfOrder)],
    [audit.violations === 0, t.value.auditResult, audit.violations === 0 ? t.value.noViolations : t.value.violations(audit.violations)],
  ];
  const x = timeline.points.map((_, i) => (i * timeline.stretchMs) / 1000);
  return (
    <>
      <ul class="checks">
        {checks.map(([good, title, words]) => (
          <li key={title} class={good ? "good" : "bad"}>
            <p class="check-title">{title}</p>
            <p>{words}</p>
          </li>
        ))}
      </ul>
      <p class="lead">{t.value.durationWords(formatNumber(plan.buyers), seconds(report.tookMs / 1000))}</p>
      <div class="charts">
        <Card>
          <Chart
            title={t.value.answersPer(seconds(timeline.stretchMs / 1000))}
            x={x}
            time={false}
            formatX={seconds}
            series={[
              { label: t.value.refusedWord, color: "--c3", values: timeline.points.map(({ refused }) => refused), area: true },
              ...(claims ? [{ label: t.value.claimsWord, color: "--c2", values: timeline.points.map((point) => point.claims), area: true }] : []),
              ...(orders ? [{ label: t.value.ordersWord, color: "--c1", values: timeline.points.map((point) => point.orders), area: true }] : []),
            ]}
          />
        </Card>
        <Card>
          <Chart
            title={t.value.latency}
            x={x}
            time={false}
            formatX={seconds}
            format={ms}
            fine
            series={[
              { label: "p99", color: "--c3", values: timeline.points.map(({ p99 }) => p99) },
              { label: "p50", color: "--c1", values: timeline.points.map(({ p50 }) => p50) },
            ]}
          />
        </Card>
      </div>
      <div class="columns">
        <DropOutcome report={report} plan={plan} />
        {claims && <OutcomeTable title={t.value.claimsWord} outcomes={claims} />}
        {report.entries && <OutcomeTable title={r.value.entries} outcomes={report.entries} />}
        {orders && <OutcomeTable title={t.value.ordersWord} outcomes={orders} />}
      </div>
      <p class="muted">{t.value.tidied(formatNumber(report.refunded))}</p>
    </>
  );
}

function OutcomeTable({ title, outcomes }: { title: string; outcomes: NonNullable<Report["orders"]> }) {
  const rows = [
    { word: t.value.succeeded, count: outcomes.succeeded },
    ...Object.entries(outcomes.refusedBy).map(([code, count]) => ({ word: codeWord(code), count })),
    { word: t.value.totalRequests, count: outcomes.asked },
  ];
  const { latencyMs, order } = outcomes;
  return (
    <Card title={title}>
      <Table
        caption={title}
        rows={rows}
        keyOf={({ word }) => word}
        columns={[
          { head: t.value.outcome, main: true, cell: ({ word }) => word },
          { head: t.value.count, end: true, cell: ({ count }) => formatNumber(count) },
        ]}
      />
      {latencyMs && (
        <p class="muted number">
          p50 {ms(latencyMs.p50)} · p95 {ms(latencyMs.p95)} · p99 {ms(latencyMs.p99)} · {t.value.maximum} {ms(latencyMs.max)}
        </p>
      )}
      {outcomes.askedAgain > 0 && <p class="muted">{t.value.retries(outcomes.askedAgain)}</p>}
      {order.farthest !== null && <p class="muted">{t.value.maxReordering(order.farthest)}</p>}
    </Card>
  );
}
