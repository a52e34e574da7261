import type { Campaign } from "#client";
import { formatInstant, formatNumber } from "../../shared/languages.ts";
import { useForm } from "../form.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";
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
    <EditDialog
      form={form}
      needs="coupons"
      about={campaign.name}
      title={`${t.value.edit}: ${campaign.name}`}
      send={(shop, changes, { version, idempotencyKey }) =>
        shop.editCoupon({ path: { id: campaign.id }, body: { ...bodyOf(changes), version }, idempotencyKey })
      }
      reload={reload}
      label={(field) => labels[field]}
      format={formatField}
    >
      <TextField label={labels.name} value={name} />
      <NumberField
        label={labels.total}
        value={total}
        path="/totalQuantity"
        min={Math.max(1, issued)}
        max={MAX_COUPONS}
        hint={t.value.issuedAlready(issued)}
      />
      <MomentField label={labels.opens} value={opens} path="/opensAt" />
      <MomentField label={labels.closes} value={closes} hint={t.value.mayBeEmpty} path="/closesAt" optional />
    </EditDialog>
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
