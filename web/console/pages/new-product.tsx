// A new product: with one variant, or with a variant for each combination of its options.

import { type Signal, useSignal } from "@preact/signals";
import type { Shop } from "#client";
import { cutText } from "../../../src/text.ts";
import { navigate, to } from "../../shared/router.ts";
import { useAttempt } from "../attempt.ts";
import { FieldErrors } from "../parts/field-errors.tsx";
import { NumberField, TextArea, TextField } from "../parts/fields.tsx";
import { Card, Failure, Notice, Title } from "../parts/parts.tsx";
import { type DetailFields, ProductDetails } from "../parts/product-details.tsx";
import { imagesBody, metadataIn, metadataText, picturesText, SKU_MAX, tagsIn } from "../product-fields.ts";
import { combinations, MAX_VARIANTS, type OptionRow, type Options } from "../variants.ts";
import { t } from "../words/words.ts";
import { OptionRows } from "./option-rows.tsx";
import { type Draft, keyOf, VariantDrafts } from "./variant-drafts.tsx";

export function NewProductPage() {
  return (
    <>
      <Title>{t.value.newProduct}</Title>
      <Card>
        <NewProduct created={(id) => navigate(to(`/products/${id}`))} />
      </Card>
    </>
  );
}

type Fields = DetailFields & Record<"name" | "description" | "price" | "stock" | "sku" | "prefix", Signal<string>>;
type ProductDraft = {
  fields: Fields;
  onSale: Signal<boolean>;
  several: Signal<boolean>;
  rows: Signal<OptionRow[]>;
  drafts: Signal<Record<string, Draft>>;
};

function useDraft(isOnSale: boolean): ProductDraft {
  const [name, description, price, stock, sku, prefix] = [useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  const [images, tags, metadata] = [useSignal(picturesText([])), useSignal(""), useSignal(metadataText({}))];
  const [externalId, taxFreeAmount] = [useSignal(""), useSignal("")];
  const rows = useSignal<OptionRow[]>([
    { name: t.value.color, values: "" },
    { name: t.value.size, values: "" },
  ]);
  return {
    fields: { name, description, price, stock, sku, prefix, images, tags, metadata, externalId, taxFreeAmount },
    onSale: useSignal(isOnSale),
    several: useSignal(false),
    rows,
    drafts: useSignal<Record<string, Draft>>({}),
  };
}

/** @param draft the product is not for sale at first */
export function NewProduct({ created, draft = false }: { created: (id: string) => void; draft?: boolean }) {
  const product = useDraft(!draft);
  const { fields, several, rows, drafts } = product;
  const formError = useSignal<string | null>(null);
  const all = combinations(rows.value);
  const skuOf = (options: Options): string => {
    const prefix = fields.prefix.value.trim();
    return drafts.value[keyOf(options)]?.sku ?? (prefix === "" ? "" : cutText([prefix, ...Object.values(options)].join("-"), SKU_MAX));
  };
  const wanted = all.filter((options) => (drafts.value[keyOf(options)]?.stock ?? "") !== "");
  const create = useAttempt(async ({ key, shop }) => {
    const answer = await shop.createProducts({ body: bodyOf(product, wanted, skuOf), idempotencyKey: key });
    if ("id" in answer.body) created(answer.body.id);
  });
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        formError.value = several.value ? variantsError(all.length, wanted.length) : null;
        if (formError.value === null) void create.run();
      }}
    >
      <FieldErrors error={create.error}>
        <div class="form-grid">
          <TextField label={t.value.name} value={fields.name} path="/name" />
          <NumberField label={t.value.price} value={fields.price} path="/variants/0/price" />
          {!several.value && (
            <>
              <NumberField label={t.value.stock} value={fields.stock} />
              <TextField label="SKU" hint={t.value.mayBeEmpty} value={fields.sku} max={SKU_MAX} path="/variants/0/sku" optional />
            </>
          )}
        </div>
        <TextArea label={t.value.description} value={fields.description} rows={2} max={10_000} path="/description" />
        <Check label={t.value.severalVariants} checked={several} />
        {several.value && (
          <>
            <OptionRows rows={rows} />
            {all.length > MAX_VARIANTS && <Notice kind="warn">{t.value.tooManyVariants(MAX_VARIANTS)}</Notice>}
            {all.length > 0 && all.length <= MAX_VARIANTS && (
              <VariantDrafts all={all} wanted={wanted} drafts={drafts} prefix={fields.prefix} skuOf={skuOf} price={fields.price.value} />
            )}
          </>
        )}
        <ProductDetails fields={fields} />
        <Check label={t.value.onSaleAtOnce} checked={product.onSale} />
      </FieldErrors>
      {formError.value !== null && <Notice kind="bad">{formError.value}</Notice>}
      {create.error !== undefined && <Failure error={create.error} />}
      <button class="button primary small" type="submit" aria-disabled={create.busy}>
        {create.busy ? t.value.working : t.value.create}
      </button>
    </form>
  );
}

type CreateBody = Extract<Parameters<Shop["createProducts"]>[0]["body"], { name: string; variants: unknown }>;

/** A product with one variant is sent like the others, because its SKU is the variant's. */
function bodyOf({ fields, onSale, several, drafts }: ProductDraft, wanted: Options[], skuOf: (options: Options) => string): CreateBody {
  const skuIn = (sku: string): { sku?: string } => (sku.trim() === "" ? {} : { sku: sku.trim() });
  const [images, tags, metadata] = [imagesBody(fields.images.value), tagsIn(fields.tags.value), metadataIn(fields.metadata.value)];
  const single = { price: Number(fields.price.value), stock: Number(fields.stock.value), ...skuIn(fields.sku.value) };
  const variants = wanted.map((options) => {
    const { stock, price = "", imageUrl = "", metadata: ofVariant = "" } = drafts.value[keyOf(options)] as Draft;
    return {
      options,
      stock: Number(stock),
      price: Number(price === "" ? fields.price.value : price),
      ...skuIn(skuOf(options)),
      ...(imageUrl.trim() === "" ? {} : { imageUrl: imageUrl.trim() }),
      ...(ofVariant === "" ? {} : { metadata: metadataIn(ofVariant) }),
    };
  });
  return {
    name: fields.name.value.trim(),
    description: fields.description.value,
    status: onSale.value ? "ON_SALE" : "NOT_FOR_SALE",
    ...(images.length === 0 ? {} : { images }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    ...(fields.externalId.value.trim() === "" ? {} : { externalId: fields.externalId.value.trim() }),
    ...(fields.taxFreeAmount.value === "" ? {} : { taxFreeAmount: Number(fields.taxFreeAmount.value) }),
    variants: several.value ? variants : [single],
  };
}

function variantsError(combinations: number, variants: number): string | null {
  if (combinations > MAX_VARIANTS) return t.value.tooManyVariants(MAX_VARIANTS);
  return variants === 0 ? t.value.noVariantHasStock : null;
}

function Check({ label, checked }: { label: string; checked: Signal<boolean> }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked.value} onChange={({ currentTarget }) => (checked.value = currentTarget.checked)} />
      {label}
    </label>
  );
}
