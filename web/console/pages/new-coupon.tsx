import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shopTime } from "../../shared/clock.ts";
import { shopInfo } from "../../shared/shop-info.ts";
import { useAttempt } from "../attempt.ts";
import { navigate, to } from "../../shared/router.ts";
import { FieldErrors } from "../parts/field-errors.tsx";
import { MomentField, momentOf, NumberField, TextField, wallTime } from "../parts/fields.tsx";
import { Card, Failure, Field, Title } from "../parts/parts.tsx";
import { c } from "../words/coupons.ts";
import { t } from "../words/words.ts";

export const MAX_COUPONS = 100_000_000;
const MAX_DAYS = 36_500;
const OPENS_AFTER_MS = 10 * 60_000;

export function NewCouponPage() {
  return (
    <>
      <Title>{t.value.newCoupon}</Title>
      <Card>
        <NewCoupon created={() => navigate(to("/coupons"))} />
      </Card>
    </>
  );
}

export function NewCoupon({ created }: { created: (id: string) => void }) {
  const [name, amount, quantity, days] = [useSignal(""), useSignal("5000"), useSignal("100"), useSignal("7")];
  const isPrivate = useSignal(false);
  const [percent, maxAmount, minOrder] = [useSignal(false), useSignal(""), useSignal("")];
  const [opens, closes] = [useSignal(""), useSignal("")];
  const clockIsSet = shopInfo.value !== null;
  useEffect(() => {
    // A proposal by the clock of this computer would open the campaign at a wrong time.
    if (clockIsSet && opens.peek() === "") opens.value = wallTime(shopTime() + OPENS_AFTER_MS);
  }, [clockIsSet]);
  const create = useAttempt(async ({ key, shop }) => {
    const condition = minOrder.value === "" ? {} : { minOrderAmount: Number(minOrder.value) };
    const { body } = await shop.createCoupon({
      body: {
        name: name.value.trim(),
        discount: percent.value
          ? {
              type: "PERCENTAGE",
              rate: Number(amount.value),
              ...(maxAmount.value === "" ? {} : { maxAmount: Number(maxAmount.value) }),
              ...condition,
            }
          : { type: "FIXED", amount: Number(amount.value), ...condition },
        totalQuantity: Number(quantity.value),
        opensAt: momentOf(opens.value) as string,
        ...(closes.value === "" ? {} : { closesAt: momentOf(closes.value) }),
        ...(days.value === "" ? {} : { validDays: Number(days.value) }),
        ...(isPrivate.value ? { visibility: "PRIVATE" as const } : {}),
      },
      idempotencyKey: key,
    });
    created(body.id);
  });
  const setPercent = (chosen: boolean): void => {
    percent.value = chosen;
    amount.value = chosen ? "10" : "5000";
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void create.run();
      }}
    >
      <FieldErrors error={create.error}>
        <div class="form-grid">
          <TextField label={t.value.name} value={name} path="/name" />
          <Field label={t.value.discountKind}>
            <select value={percent.value ? "rate" : "amount"} onChange={({ currentTarget }) => setPercent(currentTarget.value === "rate")}>
              <option value="amount">{t.value.amountOff}</option>
              <option value="rate">{t.value.percentOff}</option>
            </select>
          </Field>
          {percent.value ? (
            <NumberField label={t.value.rate} value={amount} min={1} max={100} />
          ) : (
            <NumberField label={t.value.amount} value={amount} min={1} />
          )}
          {percent.value && <NumberField label={t.value.maxDiscount} value={maxAmount} min={1} hint={t.value.mayBeEmpty} optional />}
          <NumberField label={t.value.minOrder} value={minOrder} hint={t.value.mayBeEmpty} optional />
          <NumberField label={t.value.quantity} value={quantity} min={1} max={MAX_COUPONS} path="/totalQuantity" />
          <MomentField label={t.value.opens} value={opens} path="/opensAt" />
          <MomentField label={t.value.closes} value={closes} hint={t.value.mayBeEmpty} path="/closesAt" optional />
          <NumberField label={t.value.validDays} value={days} min={1} max={MAX_DAYS} hint={t.value.mayBeEmpty} path="/validDays" optional />
          <Field label={c.value.visibility} hint={c.value[isPrivate.value ? "PRIVATEwords" : "PUBLICwords"]}>
            <select
              value={isPrivate.value ? "PRIVATE" : "PUBLIC"}
              onChange={({ currentTarget }) => (isPrivate.value = currentTarget.value === "PRIVATE")}
            >
              <option value="PUBLIC">{c.value.PUBLIC}</option>
              <option value="PRIVATE">{c.value.PRIVATE}</option>
            </select>
          </Field>
        </div>
      </FieldErrors>
      {create.error !== undefined && <Failure error={create.error} />}
      <button class="button primary small" type="submit" aria-disabled={create.busy}>
        {create.busy ? t.value.working : t.value.create}
      </button>
    </form>
  );
}
