import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { navigate, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { NumberField } from "../parts/fields.tsx";
import { Card, Failure, Field, Status, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";

export function RehearsalForm({ product, coupon }: { product: string | undefined; coupon: string | undefined }) {
  const [buyers, withinSeconds] = [useSignal("2000"), useSignal("3")];
  const start = useAttempt(async ({ key, shop }) => {
    const { body } = await shop.startRehearsal({
      body: {
        ...(product ? { productId: product } : {}),
        ...(coupon ? { couponId: coupon } : {}),
        buyers: Number(buyers.value),
        arriveWithinMs: Math.round(Number(withinSeconds.value) * 1000),
      },
      idempotencyKey: key,
    });
    navigate(to(`/rehearsals/${body.id}`));
  });
  const nothingChosen = !product && !coupon;
  return (
    <Card title={t.value.step3}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void start.run();
        }}
      >
        <p class="muted">{t.value.rehearsalWords}</p>
        <div class="form-row">
          <NumberField label={t.value.buyers} value={buyers} min={1} max={10_000} />
          <Field label={t.value.withinSeconds}>
            <input
              required
              type="number"
              min={0}
              max={60}
              step="0.5"
              value={withinSeconds.value}
              onInput={({ currentTarget }) => (withinSeconds.value = currentTarget.value)}
            />
          </Field>
          <button class="button primary" type="submit" disabled={nothingChosen} aria-disabled={start.busy}>
            {start.busy ? t.value.working : t.value.startRehearsal}
          </button>
        </div>
        {nothingChosen && <p class="muted">{t.value.chooseFirst}</p>}
        {start.error !== undefined && <Failure error={start.error} />}
      </form>
    </Card>
  );
}

export function PastRehearsals() {
  const list = useList("rehearsals", async (cursor, signal) => {
    const { body } = await shop.listRehearsals({ query: { limit: 10, ...cursor }, signal });
    return { rows: body.rehearsals, next: body.nextCursor };
  });
  return (
    <Card title={t.value.pastRehearsals}>
      <ListTable
        list={list}
        caption={t.value.pastRehearsals}
        keyOf={({ id }) => id}
        columns={[
          {
            head: t.value.rehearsal,
            main: true,
            cell: ({ id, plan }) => (
              <a class="clip" href={to(`/rehearsals/${id}`)}>
                <bdi>{plan.product?.name ?? plan.coupon?.name}</bdi>
              </a>
            ),
          },
          { head: t.value.status, cell: ({ state }) => <Status of={state} /> },
          { head: t.value.buyers, end: true, cell: ({ plan }) => formatNumber(plan.buyers) },
          { head: t.value.sold, end: true, cell: ({ report }) => (report?.orders ? formatNumber(report.orders.succeeded) : "–") },
          { head: t.value.at, cell: ({ createdAt }) => <When at={createdAt} /> },
        ]}
      />
    </Card>
  );
}
