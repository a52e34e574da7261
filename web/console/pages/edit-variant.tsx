import { formatMoney } from "../../shared/languages.ts";
import { type Changes, useForm } from "../form.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";
import { NumberField, TextField } from "../parts/fields.tsx";
import { Metadata } from "../parts/metadata.tsx";
import { Field } from "../parts/parts.tsx";
import { PictureField } from "../parts/pictures.tsx";
import { metadataPatch, metadataText, normalText, SKU_MAX, wordsOf } from "../product-fields.ts";
import { optionsInNameOrder } from "../variants.ts";
import { p } from "../words/products.ts";
import { optionLabel, t } from "../words/words.ts";
import type { ProductDetail, Variant } from "./product.tsx";

/** An option's value is a field of its own, called by this prefix and the option's name. */
const OPTION = "option:";

const isOption = (field: string): boolean => field.startsWith(OPTION);
const optionOf = (field: string): string => field.slice(OPTION.length);

/** The status of a variant is not known while the whole product is not for sale. */
const fieldsOf =
  ({ status: ofProduct }: ProductDetail) =>
  (variant: Variant): Record<string, string> => ({
    name: variant.name,
    ...Object.fromEntries(Object.entries(optionsInNameOrder(variant)).map(([option, value]) => [OPTION + option, value])),
    sku: variant.sku ?? "",
    price: String(variant.price ?? ""),
    status: ofProduct === "NOT_FOR_SALE" ? "" : variant.status === "NOT_FOR_SALE" ? "NOT_FOR_SALE" : "ON_SALE",
    imageUrl: variant.imageUrl ?? "",
    metadata: metadataText(variant.metadata ?? {}),
  });

type EditVariantProps = { product: ProductDetail; variant: Variant; saved: () => void; reload: () => Promise<void> };

export function EditVariant({ product, variant, saved, reload }: EditVariantProps) {
  const form = useForm(variant, fieldsOf(product), normalText);
  const optionValues = (): Record<string, string> =>
    Object.fromEntries(Object.entries(form.fields).flatMap(([field, { value }]) => (isOption(field) ? [[optionOf(field), value.trim()]] : [])));
  return (
    <EditDialog
      form={form}
      needs="catalog"
      about={variant.name}
      title={`${t.value.edit}: ${variant.name}`}
      send={(shop, changes, { version, idempotencyKey, base }) => {
        const edit = { id: variant.id, ...editOf(changes, base, optionValues()), version };
        return shop.editProduct({ path: { id: product.id }, body: { variants: [edit] }, idempotencyKey });
      }}
      itemIn={(current) => (current as ProductDetail | undefined)?.variants.find(({ id }) => id === variant.id)}
      saved={saved}
      reload={reload}
      label={labelOf}
      format={formatOf}
    >
      {Object.keys(form.fields).map((field) => (
        <VariantField key={field} field={field} form={form} />
      ))}
    </EditDialog>
  );
}

function labelOf(field: string): string {
  const labels: Record<string, string> = {
    name: t.value.name,
    sku: "SKU",
    price: t.value.price,
    status: p.value.sale,
    imageUrl: p.value.ownPicture,
    metadata: p.value.metadata,
  };
  return labels[field] ?? optionLabel(optionOf(field));
}

function formatOf(field: string, value: string): string {
  if (field === "price") return formatMoney(Number(value));
  if (field === "status") return value === "ON_SALE" ? p.value.forSale : p.value.notForSale;
  return wordsOf(field, value);
}

function VariantField({ field, form: { fields } }: { field: string; form: Pick<ReturnType<typeof useForm<string, Variant>>, "fields"> }) {
  const value = fields[field];
  if (value === undefined) return null;
  const path = isOption(field) ? "/variants/0/options" : `/variants/0/${field}`;
  const change = (text: string): void => void (value.value = text);
  switch (field) {
    case "price":
      return <NumberField label={labelOf(field)} value={value} path={path} />;
    case "status":
      return (
        <Field label={labelOf(field)} path={path}>
          <select value={value.value} onChange={({ currentTarget }) => change(currentTarget.value)}>
            {value.value === "" && <option value="">{p.value.unchanged}</option>}
            <option value="ON_SALE">{p.value.forSale}</option>
            <option value="NOT_FOR_SALE">{p.value.notForSale}</option>
          </select>
        </Field>
      );
    case "imageUrl":
      return <PictureField label={labelOf(field)} value={value.value} change={change} path={path} optional />;
    case "metadata":
      return <Metadata value={value.value} change={change} hint={p.value.variantMetadataHint} path={path} />;
    case "sku":
      return <TextField label={labelOf(field)} value={value} path={path} max={SKU_MAX} optional />;
    default:
      return <TextField label={labelOf(field)} value={value} path={path} {...(isOption(field) ? { max: 200 } : {})} />;
  }
}

/** The shop replaces options as a whole. It also renames a variant that is called by its options. */
function editOf(changes: Changes<string>, base: Record<string, string>, options: Record<string, string>) {
  const { name, sku, price, status, imageUrl, metadata } = changes;
  return {
    ...(name === undefined ? {} : { name }),
    ...(sku === undefined ? {} : { sku: sku === "" ? null : sku }),
    ...(price === undefined ? {} : { price: Number(price) }),
    ...(status === undefined ? {} : { status: status as "ON_SALE" | "NOT_FOR_SALE" }),
    ...(imageUrl === undefined ? {} : { imageUrl: imageUrl === "" ? null : imageUrl }),
    ...(metadata === undefined ? {} : { metadata: metadataPatch(base["metadata"] ?? "", metadata) }),
    ...(Object.keys(changes).some(isOption) ? { options } : {}),
  };
}
