import { formatMoney } from "../../shared/languages.ts";
import { type Changes, useForm } from "../form.ts";
import { Confirm } from "../parts/confirm.tsx";
import { Conflicts } from "../parts/conflicts.tsx";
import { NumberField, TextField } from "../parts/fields.tsx";
import { optionsInNameOrder } from "../variants.ts";
import { t } from "../words/words.ts";
import type { ProductDetail, Variant } from "./product.tsx";

/** An option's value is a field of its own, called by this prefix and the option's name. */
const OPTION = "option:";

const isOption = (field: string): boolean => field.startsWith(OPTION);
const optionOf = (field: string): string => field.slice(OPTION.length);

const fieldsOf = (variant: Variant): Record<string, string> => ({
  name: variant.name,
  ...Object.fromEntries(Object.entries(optionsInNameOrder(variant)).map(([option, value]) => [OPTION + option, value])),
  sku: variant.sku ?? "",
  price: String(variant.price ?? ""),
});

type EditVariantProps = { productId: string; variant: Variant; saved: () => void; reload: () => Promise<void> };

export function EditVariant({ productId, variant, saved, reload }: EditVariantProps) {
  const form = useForm(variant, fieldsOf);
  const labels: Record<string, string> = { name: t.value.name, sku: "SKU", price: t.value.price };
  const label = (field: string): string => labels[field] ?? optionOf(field);
  const optionValues = (): Record<string, string> =>
    Object.fromEntries(Object.entries(form.fields).flatMap(([field, { value }]) => (isOption(field) ? [[optionOf(field), value.trim()]] : [])));
  return (
    <Confirm
      needs="catalog"
      label={t.value.edit}
      about={variant.name}
      title={`${t.value.edit}: ${variant.name}`}
      act={t.value.save}
      tone="primary"
      opened={form.reset}
      run={async ({ key, shop }) => {
        try {
          await form.save(
            key,
            (changes, version, idempotencyKey) => {
              const edit = { id: variant.id, ...editOf(changes, optionValues()), version: version as number };
              return shop.editProduct({ path: { id: productId }, body: { variants: [edit] }, idempotencyKey });
            },
            (current) => (current as ProductDetail | undefined)?.variants.find(({ id }) => id === variant.id),
          );
          saved();
        } finally {
          await reload();
        }
      }}
    >
      {Object.entries(form.fields).map(([field, value]) =>
        field === "price" ? (
          <NumberField key={field} label={label(field)} value={value} />
        ) : (
          <TextField key={field} label={label(field)} value={value} {...limitsOf(field)} />
        ),
      )}
      <Conflicts form={form} label={label} format={(field, value) => (field === "price" ? formatMoney(Number(value)) : value)} />
    </Confirm>
  );
}

function limitsOf(field: string): { max?: number; optional?: boolean } {
  if (field === "sku") return { max: 100, optional: true };
  return isOption(field) ? { max: 200 } : {};
}

/** The shop replaces options as a whole. It also renames a variant that is called by its options. */
function editOf(changes: Changes<string>, options: Record<string, string>) {
  const { name, sku, price } = changes;
  return {
    ...(name === undefined ? {} : { name }),
    ...(sku === undefined ? {} : { sku: sku === "" ? null : sku }),
    ...(price === undefined ? {} : { price: Number(price) }),
    ...(Object.keys(changes).some(isOption) ? { options } : {}),
  };
}
