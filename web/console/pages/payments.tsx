import { useSignal } from "@preact/signals";
import type { Body } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { navigate, route, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { perOperator } from "../attempt.ts";
import { Filters } from "../parts/filters.tsx";
import { DateField } from "../parts/fields.tsx";
import { Busy, Card, Failure, Id, Notice, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, Table, useList } from "../parts/table.tsx";
import { differenceWord, gatewayReason, statusWord, t } from "../words/words.ts";
import { PaymentsAttention } from "./attention.tsx";

const STATUSES = ["UNKNOWN", "PENDING", "WAITING_FOR_DEPOSIT", "COMPLETED", "FAILED", "REFUNDED", "PARTIALLY_REFUNDED"] as const;

export function Payments() {
  const wanted = route.value.query.get("status");
  const status = STATUSES.find((value) => value === wanted);
  const list = useList(`payments ${status}`, async (cursor, signal) => {
    const { body } = await shop.listPayments({ query: { limit: 50, method: "CARD", ...cursor, ...(status ? { status } : {}) }, signal });
    return { rows: body.payments, next: body.nextCursor };
  });
  return (
    <>
      <Title>{t.value.payments}</Title>
      <PaymentsAttention />
      <h2 class="section-head">{t.value.cardPayments}</h2>
      <p class="muted">{t.value.paymentsWords}</p>
      <Filters
        choice={{
          label: t.value.status,
          value: status ?? "",
          options: STATUSES.map((value) => [value, statusWord(value)]),
          choose: (value) => navigate(to("/payments", { status: value || undefined })),
        }}
      />
      <ListTable
        list={list}
        caption={t.value.payments}
        keyOf={({ paymentId }) => paymentId}
        columns={[
          { head: t.value.payment, main: true, cell: ({ paymentId }) => <Id of={paymentId} /> },
          { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
          { head: t.value.amount, end: true, cell: ({ amount }) => formatMoney(amount) },
          { head: t.value.order, cell: ({ orderId }) => <Id of={orderId} href={to(`/orders/${orderId}`)} /> },
          {
            head: t.value.lastStep,
            cell: ({ history }) => <bdi class="clip">{lastStepOf(history)}</bdi>,
          },
          {
            head: t.value.at,
            cell: ({ history, historyCount, paidAt }) => <When at={(historyCount === undefined ? history[0]?.at : paidAt) ?? null} />,
          },
        ]}
      />
      <Reconciliation />
    </>
  );
}

function lastStepOf(history: { status: string; reason?: string | null }[]): string {
  const last = history.at(-1);
  return last?.reason ? gatewayReason(last.reason) : statusWord(last?.status ?? "");
}

/** Outlives the page: a reconciliation can take minutes. */
const lastReconciliation = perOperator<{ busy: boolean; result?: Body<"reconcile">; error?: unknown }>({ busy: false });

function Reconciliation() {
  const [from, until] = [useSignal(""), useSignal("")];
  const state = lastReconciliation();
  const { busy, result, error } = state.value;
  const compare = async (): Promise<void> => {
    if (busy) return;
    state.value = { busy: true };
    try {
      const { body } = await shop.reconcile({ query: { ...(from.value ? { from: from.value } : {}), ...(until.value ? { to: until.value } : {}) } });
      state.value = { busy: false, result: body };
    } catch (failure) {
      state.value = { busy: false, error: failure };
    }
  };
  return (
    <Card title={t.value.reconciliation}>
      <p class="muted">{t.value.reconciliationWords}</p>
      <form
        class="form-row"
        onSubmit={(event) => {
          event.preventDefault();
          void compare();
        }}
      >
        <DateField label={t.value.since} value={from.value} change={(day) => (from.value = day)} />
        <DateField label={t.value.until} value={until.value} min={from.value} change={(day) => (until.value = day)} />
        <button type="submit" class="button primary small" aria-disabled={busy}>
          {busy ? t.value.working : t.value.compare}
        </button>
      </form>
      {busy && <Busy words={t.value.comparing} />}
      {error !== undefined && <Failure error={error} />}
      {result && (
        <>
          <Notice kind={result.differences.length === 0 ? "good" : "bad"}>
            {result.differences.length === 0
              ? t.value.noDifference(formatNumber(result.compared), formatMoney(result.captured))
              : t.value.differences(result.differences.length)}
          </Notice>
          {result.differences.length > 0 && (
            <Table
              caption={t.value.reconciliation}
              rows={result.differences}
              keyOf={({ paymentKey }) => paymentKey}
              columns={[
                { head: t.value.difference, main: true, cell: ({ what }) => differenceWord(what) },
                { head: t.value.payment, cell: ({ paymentKey }) => <bdi class="id clip">{paymentKey}</bdi> },
                { head: t.value.inShop, end: true, cell: ({ shop: inShop }) => (inShop ? formatMoney(inShop.captured - inShop.givenBack) : "–") },
                { head: t.value.atGateway, end: true, cell: ({ gateway }) => (gateway ? formatMoney(gateway.captured - gateway.givenBack) : "–") },
              ]}
            />
          )}
        </>
      )}
    </Card>
  );
}
