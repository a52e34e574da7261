import type { Campaign } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Bar, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { mayChange } from "../session.ts";
import { c } from "../words/coupons.ts";
import { t } from "../words/words.ts";
import { EditCoupon } from "./edit-coupon.tsx";

export function Coupons() {
  const list = useList("coupons", async (cursor, signal) => {
    const { body } = await shop.listCoupons({ query: { limit: 50, ...cursor }, signal });
    return { rows: body.coupons, next: body.nextCursor };
  });
  return (
    <>
      <Title
        side={
          mayChange("coupons") && (
            <a class="button primary small" href={to("/coupons/new")}>
              {t.value.newCoupon}
            </a>
          )
        }
      >
        {t.value.coupons}
      </Title>
      <ListTable
        list={list}
        caption={t.value.coupons}
        keyOf={({ id }) => id}
        columns={[
          {
            head: t.value.coupon,
            main: true,
            cell: ({ id, name }) => (
              <a class="clip" href={to(`/coupons/${id}`)}>
                <bdi>{name}</bdi>
              </a>
            ),
          },
          { head: t.value.discount, cell: ({ discount }) => discountWords(discount) },
          {
            head: t.value.status,
            cell: ({ status, visibility }) => (
              <>
                <Status of={status} /> {visibility === "PRIVATE" && <span class="pill">{c.value.PRIVATE}</span>}
              </>
            ),
          },
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
          { head: t.value.actions, end: true, cell: (campaign) => <Actions campaign={campaign} reload={list.reload} /> },
        ]}
      />
    </>
  );
}

function Actions({ campaign, reload }: { campaign: Campaign; reload: () => void }) {
  const { id, name, status } = campaign;
  return (
    <span class="actions">
      <a class="button small quiet" href={to("/rehearsals", { coupon: id })} aria-label={`${t.value.rehearse}: ${name}`}>
        {t.value.rehearse}
      </a>
      <EditCoupon campaign={campaign} reload={reload} />
      <Confirm
        needs="coupons"
        label={t.value.close}
        about={name}
        title={t.value.closeCoupon}
        act={t.value.close}
        disabled={status === "CLOSED"}
        run={async ({ key, shop }) => {
          await shop.closeCoupon({ path: { id }, body: {}, idempotencyKey: key });
          reload();
        }}
      >
        {t.value.closeCouponWords}
      </Confirm>
    </span>
  );
}

export function discountWords(discount: Campaign["discount"]): string {
  const headline = discount.type === "FIXED" ? `−${formatMoney(discount.amount)}` : `−${discount.rate} %`;
  const limit = discount.type === "PERCENTAGE" && discount.maxAmount ? t.value.atMost(formatMoney(discount.maxAmount)) : "";
  return [headline, limit, discount.minOrderAmount ? t.value.from(formatMoney(discount.minOrderAmount)) : ""].filter(Boolean).join(" · ");
}
