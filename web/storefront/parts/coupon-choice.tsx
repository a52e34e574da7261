import type { UserCoupon } from "#client";
import { to } from "../router.ts";
import { priceOf, type PricedItem } from "../price.ts";
import { t } from "../words/words.ts";
import { discountWords } from "./discount.ts";
import { lastValidInstant } from "./user-resource.ts";
import { localName } from "../names.ts";

type CouponsProps = {
  coupons: readonly UserCoupon[];
  usable: readonly UserCoupon[];
  chosen: UserCoupon | undefined;
  items: readonly PricedItem[];
  choose: (id: string | null) => void;
  disabled: boolean;
};

export function CouponChoice({ coupons, usable, chosen, items, choose, disabled }: CouponsProps) {
  return (
    <fieldset class="panel" disabled={disabled}>
      <legend>{t.value.coupon}</legend>
      {coupons.length === 0 && (
        <p class="pick muted">
          <span>
            {t.value.noneToUse} <a href={to("/coupons")}>{t.value.getCoupons}</a>
          </span>
        </p>
      )}
      {coupons.length > 0 && (
        <label class="pick">
          <input type="radio" name="coupon" checked={chosen === undefined} onChange={() => choose(null)} />
          <span>{t.value.noCoupon}</span>
        </label>
      )}
      {coupons.map((coupon) => (
        <Choice
          key={coupon.id}
          coupon={coupon}
          saves={priceOf(items, coupon.discount).discount}
          usable={usable.includes(coupon)}
          chosen={coupon === chosen}
          choose={() => choose(coupon.id)}
        />
      ))}
    </fieldset>
  );
}

type ChoiceProps = { coupon: UserCoupon; saves: number; usable: boolean; chosen: boolean; choose: () => void };

function Choice({ coupon, saves, usable, chosen, choose }: ChoiceProps) {
  const { headline, conditions } = discountWords(coupon.discount);
  return (
    <label class={`pick ${usable ? "" : "unusable"}`}>
      <input type="radio" name="coupon" checked={chosen} disabled={!usable} onChange={choose} />
      <span class="pick-body">
        <strong>{headline}</strong> <bdi class="clamp">{localName(coupon.name)}</bdi>
        <span class="muted">
          {[...conditions, coupon.expiresAt ? t.value.until(lastValidInstant(coupon.expiresAt)) : ""].filter(Boolean).join(" · ")}
        </span>
        {chosen && <span class="saves">{t.value.youSave(saves)}</span>}
      </span>
    </label>
  );
}
