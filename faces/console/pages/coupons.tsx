import { useSignal } from "@preact/signals";
import type { Campaign } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { useAttempt } from "../../shared/attempt.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Bar, Card, Failure, Field, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";

export function Coupons() {
  const list = useList("coupons", async (cursor, signal) => {
    const { body } = await shop.listCoupons({ query: { limit: 50, ...cursor }, signal });
    return { rows: body.coupons, next: body.nextCursor };
  });
  return (
    <>
      <Title>{t.value.coupons}</Title>
      <ListTable
        list={list}
        caption={t.value.coupons}
        keyOf={({ id }) => id}
        columns={[
          { head: t.value.coupon, main: true, cell: ({ name }) => <bdi class="clip">{name}</bdi> },
          { head: t.value.discount, cell: ({ discount }) => discountWords(discount) },
          { head: t.value.status, cell: ({ status }) => <Status of={status} /> },
          {
            head: t.value.left,
            end: true,
            cell: ({ remainingQuantity, totalQuantity, name }) => (
              <>
                {formatNumber(remainingQuantity)} / {formatNumber(totalQuantity)}
                <Bar share={remainingQuantity / totalQuantity} label={name} />
              </>
            ),
          },
          { head: t.value.opens, cell: ({ opensAt }) => <When at={opensAt} /> },
          { head: t.value.closes, cell: ({ closesAt }) => <When at={closesAt} /> },
          { head: t.value.actions, end: true, cell: (campaign) => <Actions campaign={campaign} done={list.reload} /> },
        ]}
      />
      <NewCoupon made={list.reload} />
    </>
  );
}

function Actions({ campaign, done }: { campaign: Campaign; done: () => void }) {
  const total = useSignal(String(campaign.totalQuantity));
  const { id, status } = campaign;
  return (
    <span class="actions">
      <a class="button small quiet" href={to("/drop", { coupon: id })}>
        {t.value.rehearse}
      </a>
      <Confirm
        label={t.value.quantity}
        title={t.value.changeQuantity}
        act={t.value.save}
        tone="primary"
        run={async (key) => {
          await shop.editCoupon({ path: { id }, body: { totalQuantity: Number(total.value) }, idempotencyKey: key });
          done();
        }}
      >
        <Field label={t.value.quantity} hint={t.value.issuedAlready(campaign.totalQuantity - campaign.remainingQuantity)}>
          <input type="number" min={1} value={total.value} onInput={({ currentTarget }) => (total.value = currentTarget.value)} />
        </Field>
      </Confirm>
      <Confirm
        label={t.value.close}
        title={t.value.closeCoupon}
        act={t.value.close}
        disabled={status === "CLOSED"}
        run={async (key) => {
          const now = Date.now();
          const opensAt = Math.min(Date.parse(campaign.opensAt), now - 1000);
          await shop.editCoupon({
            path: { id },
            body: { opensAt: new Date(opensAt).toISOString(), closesAt: new Date(now).toISOString() },
            idempotencyKey: key,
          });
          done();
        }}
      >
        {t.value.closeCouponWords}
      </Confirm>
    </span>
  );
}

export function discountWords(discount: Campaign["discount"]): string {
  const what = discount.type === "FIXED" ? `−${formatMoney(discount.amount)}` : `−${discount.rate} %`;
  return [what, discount.minOrderAmount ? t.value.from(formatMoney(discount.minOrderAmount)) : ""].filter(Boolean).join(" · ");
}

/** The shop's clock and the browser's zone: what is typed is the visitor's own time. */
export function localTime(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function NewCoupon({ made }: { made: (id: string) => void }) {
  const [name, amount, percent, quantity, days] = [useSignal(""), useSignal("5000"), useSignal(false), useSignal("100"), useSignal("7")];
  const opens = useSignal(localTime(new Date(Date.now() + 10 * 60_000)));
  const create = useAttempt(async (key) => {
    const { body } = await shop.createCoupon({
      body: {
        name: name.value.trim(),
        discount: percent.value ? { type: "PERCENTAGE", rate: Number(amount.value) } : { type: "FIXED", amount: Number(amount.value) },
        totalQuantity: Number(quantity.value),
        opensAt: new Date(opens.value).toISOString(),
        validDays: Number(days.value),
      },
      idempotencyKey: key,
    });
    made(body.id);
  });
  return (
    <Card title={t.value.newCoupon}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void create.run();
        }}
      >
        <div class="form-grid">
          <Field label={t.value.name}>
            <input required maxLength={300} value={name.value} onInput={({ currentTarget }) => (name.value = currentTarget.value)} />
          </Field>
          <Field label={t.value.discountKind}>
            <select value={percent.value ? "rate" : "amount"} onChange={({ currentTarget }) => (percent.value = currentTarget.value === "rate")}>
              <option value="amount">{t.value.amountOff}</option>
              <option value="rate">{t.value.percentOff}</option>
            </select>
          </Field>
          <Field label={percent.value ? "%" : t.value.amount}>
            <input
              required
              type="number"
              min={1}
              max={percent.value ? 100 : undefined}
              value={amount.value}
              onInput={({ currentTarget }) => (amount.value = currentTarget.value)}
            />
          </Field>
          <Field label={t.value.quantity}>
            <input required type="number" min={1} value={quantity.value} onInput={({ currentTarget }) => (quantity.value = currentTarget.value)} />
          </Field>
          <Field label={t.value.opens}>
            <input required type="datetime-local" value={opens.value} onInput={({ currentTarget }) => (opens.value = currentTarget.value)} />
          </Field>
          <Field label={t.value.validDays}>
            <input required type="number" min={1} value={days.value} onInput={({ currentTarget }) => (days.value = currentTarget.value)} />
          </Field>
        </div>
        {create.error !== undefined && <Failure error={create.error} />}
        <button class="button primary small" type="submit" disabled={create.busy}>
          {create.busy ? t.value.working : t.value.create}
        </button>
      </form>
    </Card>
  );
}
