import { useSignal } from "@preact/signals";
import { formatNumber } from "../../shared/languages.ts";
import { useResource } from "../../shared/resource.ts";
import { navigate, to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { useAttempt } from "../attempt.ts";
import { NumberField } from "../parts/fields.tsx";
import { Card, Failure, Field, Status, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { r } from "../words/rehearsals.ts";
import { t } from "../words/words.ts";

type FormProps = { product?: string | undefined; coupon: string | undefined; drop?: string };

export function RehearsalForm({ product, coupon, drop }: FormProps) {
  const [buyers, withinSeconds, giveUp, manyAccounts] = [useSignal("2000"), useSignal("3"), useSignal("20"), useSignal("0")];
  const { data: mode } = useResource(`mode of ${drop}`, async (signal) =>
    drop ? (await shop.getDrop({ path: { dropId: drop }, signal })).body.mode : null,
  );
  const start = useAttempt(async ({ key, shop }) => {
    const { body } = await shop.startRehearsal({
      body: {
        ...(product ? { productId: product } : {}),
        ...(drop ? { dropId: drop, giveUpPercent: Number(giveUp.value), manyAccountsPercent: Number(manyAccounts.value) } : {}),
        ...(coupon ? { couponId: coupon } : {}),
        buyers: Number(buyers.value),
        arriveWithinMs: Math.round(Number(withinSeconds.value) * 1000),
      },
      idempotencyKey: key,
    });
    navigate(to(`/rehearsals/${body.id}`));
  });
  const nothingChosen = !product && !coupon && !drop;
  return (
    <Card title={drop ? t.value.rehearsal : t.value.step3}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void start.run();
        }}
      >
        <p class="muted">{drop ? r.value.words : t.value.rehearsalWords}</p>
        <div class="form-grid">
          <NumberField label={t.value.buyers} value={buyers} min={1} max={10_000} path="/buyers" />
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
          {drop && (
            <>
              {mode !== "DIRECT" && <NumberField label={r.value.giveUp} hint={r.value.giveUpHint} value={giveUp} max={100} path="/giveUpPercent" />}
              <NumberField label={r.value.manyAccounts} hint={r.value.manyAccountsHint} value={manyAccounts} max={100} path="/manyAccountsPercent" />
            </>
          )}
        </div>
        <div class="form-row">
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
                <bdi>{plan.drop?.name ?? plan.product?.name ?? plan.coupon?.name}</bdi>
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
