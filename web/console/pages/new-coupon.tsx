import { useSignal } from "@preact/signals";
import { useAttempt } from "../attempt.ts";
import { go, to } from "../../shared/router.ts";
import { momentOf, MomentField, NumberField, onTheWall, TextField } from "../parts/fields.tsx";
import { Card, Failure, Field, Title } from "../parts/parts.tsx";
import { t } from "../words/words.ts";

export const MOST_COUPONS = 100_000_000;
const MOST_DAYS = 36_500;
const OPENS_AFTER_MS = 10 * 60_000;

export function NewCouponPage() {
  return (
    <>
      <Title>{t.value.newCoupon}</Title>
      <Card>
        <NewCoupon made={() => go(to("/coupons"))} />
      </Card>
    </>
  );
}

export function NewCoupon({ made }: { made: (id: string) => void }) {
  const [name, amount, quantity, days] = [useSignal(""), useSignal("5000"), useSignal("100"), useSignal("7")];
  const [percent, most, least] = [useSignal(false), useSignal(""), useSignal("")];
  const [opens, closes] = [useSignal(onTheWall(Date.now() + OPENS_AFTER_MS)), useSignal("")];
  const create = useAttempt(async ({ key, shop }) => {
    const onlyFrom = least.value === "" ? {} : { minOrderAmount: Number(least.value) };
    const { body } = await shop.createCoupon({
      body: {
        name: name.value.trim(),
        discount: percent.value
          ? { type: "PERCENTAGE", rate: Number(amount.value), ...(most.value === "" ? {} : { maxAmount: Number(most.value) }), ...onlyFrom }
          : { type: "FIXED", amount: Number(amount.value), ...onlyFrom },
        totalQuantity: Number(quantity.value),
        opensAt: momentOf(opens.value) as string,
        ...(closes.value === "" ? {} : { closesAt: momentOf(closes.value) }),
        ...(days.value === "" ? {} : { validDays: Number(days.value) }),
      },
      idempotencyKey: key,
    });
    made(body.id);
  });
  const kind = (rate: boolean): void => {
    if (rate === percent.value) return;
    percent.value = rate;
    amount.value = rate ? "10" : "5000";
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void create.run();
      }}
    >
      <div class="form-grid">
        <TextField label={t.value.name} value={name} />
        <Field label={t.value.discountKind}>
          <select value={percent.value ? "rate" : "amount"} onChange={({ currentTarget }) => kind(currentTarget.value === "rate")}>
            <option value="amount">{t.value.amountOff}</option>
            <option value="rate">{t.value.percentOff}</option>
          </select>
        </Field>
        {percent.value ? (
          <NumberField label={t.value.rate} value={amount} min={1} max={100} />
        ) : (
          <NumberField label={t.value.amount} value={amount} min={1} />
        )}
        {percent.value && <NumberField label={t.value.mostOff} value={most} min={1} hint={t.value.mayBeEmpty} optional />}
        <NumberField label={t.value.leastOrder} value={least} hint={t.value.mayBeEmpty} optional />
        <NumberField label={t.value.quantity} value={quantity} min={1} max={MOST_COUPONS} />
        <MomentField label={t.value.opens} value={opens} />
        <MomentField label={t.value.closes} value={closes} hint={t.value.mayBeEmpty} optional />
        <NumberField label={t.value.validDays} value={days} min={1} max={MOST_DAYS} hint={t.value.mayBeEmpty} optional />
      </div>
      {create.error !== undefined && <Failure error={create.error} />}
      <button class="button primary small" type="submit" aria-disabled={create.busy}>
        {create.busy ? t.value.working : t.value.create}
      </button>
    </form>
  );
}
