import { useEffect } from "preact/hooks";
import { useAttempt } from "../attempt.ts";
import { type Changes, useForm } from "../form.ts";
import { Conflicts } from "../parts/conflicts.tsx";
import { FieldErrors } from "../parts/field-errors.tsx";
import { TextArea, TextField } from "../parts/fields.tsx";
import { Card, Failure } from "../parts/parts.tsx";
import { ProductDetails } from "../parts/product-details.tsx";
import { imagesBody, metadataPatch, metadataText, normalText, picturesText, tagsIn, tagsText, wordsOf } from "../product-fields.ts";
import { p } from "../words/products.ts";
import { PRODUCT_FIELDS, t } from "../words/words.ts";
import type { ProductDetail } from "./product.tsx";

const fieldsOf = ({ name, description, images, tags, externalId, taxFreeAmount, metadata }: ProductDetail) => ({
  name,
  description: description ?? "",
  images: picturesText(images),
  tags: tagsText(tags),
  externalId: externalId ?? "",
  taxFreeAmount: taxFreeAmount ? String(taxFreeAmount) : "",
  metadata: metadataText(metadata),
});
type FieldName = keyof ReturnType<typeof fieldsOf>;

export function EditProduct({ product, saved, reload }: { product: ProductDetail; saved: () => void; reload: () => Promise<void> }) {
  const form = useForm(product, fieldsOf, normalText);
  const { name, description, ...details } = form.fields;
  useEffect(form.follow, [product]);
  const save = useAttempt(async ({ key, shop }) => {
    try {
      await form.save(
        key,
        (changes, version, idempotencyKey, base) =>
          shop.editProduct({ path: { id: product.id }, body: { ...editOf(changes, base), version: version as number }, idempotencyKey }),
        (current) => current as ProductDetail | undefined,
      );
      saved();
    } finally {
      await reload();
    }
  });
  return (
    <Card title={t.value.edit}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          void save.run();
        }}
      >
        <FieldErrors error={save.error}>
          <TextField label={t.value.name} value={name} path="/name" />
          <TextArea label={t.value.description} value={description} rows={3} max={10_000} path="/description" />
          <ProductDetails fields={details} open={product.images.length > 0} />
        </FieldErrors>
        <Conflicts form={form} label={labelOf} format={wordsOf} />
        {save.error !== undefined && <Failure error={save.error} />}
        <button class="button primary small" type="submit" aria-disabled={save.busy}>
          {save.busy ? t.value.working : t.value.save}
        </button>
      </form>
    </Card>
  );
}

const labelOf = (field: FieldName): string =>
  field === "name" || field === "description" || field === "externalId" ? t.value[field] : p.value[PRODUCT_FIELDS[field]];

/** Lists are replaced as a whole; metadata is merged by key, so keys that are gone are named. */
function editOf({ images, tags, externalId, taxFreeAmount, metadata, ...texts }: Changes<FieldName>, base: Record<FieldName, string>) {
  return {
    ...texts,
    ...(images === undefined ? {} : { images: imagesBody(images) }),
    ...(tags === undefined ? {} : { tags: tagsIn(tags) }),
    ...(externalId === undefined ? {} : { externalId: externalId === "" ? null : externalId }),
    ...(taxFreeAmount === undefined ? {} : { taxFreeAmount: Number(taxFreeAmount) }),
    ...(metadata === undefined ? {} : { metadata: metadataPatch(base.metadata, metadata) }),
  };
}
