import type { Campaign } from "#client";
import { formatMoney, formatNumber } from "../../shared/languages.ts";
import { to } from "../../shared/router.ts";
import { shop } from "../api.ts";
import { useForm } from "../form.ts";
import { Confirm } from "../parts/confirm.tsx";
import { momentOf, MomentField, NumberField, onTheWall, TextField } from "../parts/fields.tsx";
import { Bar, Status, Title, When } from "../parts/parts.tsx";
import { ListTable, useList } from "../parts/table.tsx";
import { t } from "../words/words.ts";
import { MOST_COUPONS } from "./new-coupon.tsx";

export function Coupons() {
  const list = useList("coupons", async (cursor, signal) => {
    const { body } = await shop.listCoupons({ query: { limit: 50, ...cursor }, signal });
    return { rows: body.coupons, next: body.nextCursor };
  });
  return (
    <>
      <Title
        side={
          <a class="button primary small" href={to("/coupons/new")}>
            {t.value.newCoupon}
          </a>
        }
      >
        {t.value.coupons}
      </Title>
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
    </>
  );
}

function Actions({ campaign, done }: { campaign: Campaign; done: () => void }) {
  const { id, status } = campaign;
  const form = useForm(() => ({
    name: campaign.name,
    total: String(campaign.totalQuantity),
    opens: onTheWall(campaign.opensAt),
    closes: campaign.closesAt === null ? "" : onTheWall(campaign.closesAt),
  }));
  const { name, total, opens, closes } = form.fields;
  const issued = campaign.totalQuantity - campaign.remainingQuantity;
  return (
    <span class="actions">
      <a class="button small quiet" href={to("/drop", { coupon: id })} aria-label={`${t.value.rehearse}: ${campaign.name}`}>
        {t.value.rehearse}
      </a>
      <Confirm
        label={t.value.edit}
        about={campaign.name}
        title={`${t.value.edit}: ${campaign.name}`}
        act={t.value.save}
        tone="primary"
        opened={form.reset}
        run={async ({ key, shop }) => {
          const changed = form.changed();
          const body = {
            ...(changed.name === undefined ? {} : { name: changed.name }),
            ...(changed.total === undefined ? {} : { totalQuantity: Number(changed.total) }),
            ...(changed.opens === undefined ? {} : { opensAt: momentOf(changed.opens) as string }),
            ...(changed.closes === undefined ? {} : { closesAt: changed.closes === "" ? null : momentOf(changed.closes) }),
          };
          if (Object.keys(body).length > 0) await shop.editCoupon({ path: { id }, body, idempotencyKey: key });
          done();
        }}
      >
        <TextField label={t.value.name} value={name} />
        <NumberField label={t.value.quantity} value={total} min={Math.max(1, issued)} max={MOST_COUPONS} hint={t.value.issuedAlready(issued)} />
        <MomentField label={t.value.opens} value={opens} />
        <MomentField label={t.value.closes} value={closes} hint={t.value.mayBeEmpty} optional />
      </Confirm>
      <Confirm
        label={t.value.close}
        about={campaign.name}
        title={t.value.closeCoupon}
        act={t.value.close}
        disabled={status === "CLOSED"}
        run={async ({ key, shop }) => {
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
  const most = discount.type === "PERCENTAGE" && discount.maxAmount ? t.value.atMost(formatMoney(discount.maxAmount)) : "";
  return [what, most, discount.minOrderAmount ? t.value.from(formatMoney(discount.minOrderAmount)) : ""].filter(Boolean).join(" · ");
}
