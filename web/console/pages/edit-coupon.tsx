import type { Campaign } from "#client";
import { formatInstant, formatNumber } from "../../shared/languages.ts";
import { useForm } from "../form.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Conflicts } from "../parts/conflicts.tsx";
import { MomentField, momentOf, NumberField, TextField, wallTime } from "../parts/fields.tsx";
import { t } from "../words/words.ts";
import { MAX_COUPONS } from "./new-coupon.tsx";

type FieldName = "name" | "total" | "opens" | "closes";

const fieldsOf = ({ name, totalQuantity, opensAt, closesAt }: Campaign): Record<FieldName, string> => ({
  name,
  total: String(totalQuantity),
  opens: wallTime(opensAt),
  closes: closesAt === null ? "" : wallTime(closesAt),
});

export function EditCoupon({ campaign, reload }: { campaign: Campaign; reload: () => void }) {
  const form = useForm(campaign, fieldsOf);
  const { name, total, opens, closes } = form.fields;
  const issued = campaign.totalQuantity - campaign.remainingQuantity;
  const labels = { name: t.value.name, total: t.value.quantity, opens: t.value.opens, closes: t.value.closes };
  return (
    <Confirm
      needs="coupons"
      label={t.value.edit}
      about={campaign.name}
      title={`${t.value.edit}: ${campaign.name}`}
      act={t.value.save}
      tone="primary"
      opened={form.reset}
      run={async ({ key, shop }) => {
        try {
          await form.save(
            key,
            (changes, version, idempotencyKey) =>
              shop.editCoupon({ path: { id: campaign.id }, body: { ...bodyOf(changes), version: version as number }, idempotencyKey }),
            (current) => current as Campaign | undefined,
          );
        } finally {
          reload();
        }
      }}
    >
      <TextField label={labels.name} value={name} />
      <NumberField label={labels.total} value={total} min={Math.max(1, issued)} max={MAX_COUPONS} hint={t.value.issuedAlready(issued)} />
      <MomentField label={labels.opens} value={opens} />
      <MomentField label={labels.closes} value={closes} hint={t.value.mayBeEmpty} optional />
      <Conflicts form={form} label={(field) => labels[field]} format={formatField} />
    </Confirm>
  );
}

function bodyOf({ name, total, opens, closes }: Partial<Record<FieldName, string>>) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(total === undefined ? {} : { totalQuantity: Number(total) }),
    ...(opens === undefined ? {} : { opensAt: momentOf(opens) as string }),
    ...(closes === undefined ? {} : { closesAt: closes === "" ? null : momentOf(closes) }),
  };
}

function formatField(field: FieldName, value: string): string {
  if (field === "total") return formatNumber(Number(value));
  const moment = field === "name" ? null : momentOf(value);
  return moment === null ? value : formatInstant(moment);
}
