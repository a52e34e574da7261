// Another variant of a product that exists: with the options of its siblings, or with a name if they have none.

import { type Signal, signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Confirm } from "../parts/confirm.tsx";
import { NumberField, TextField } from "../parts/fields.tsx";
import { Metadata } from "../parts/metadata.tsx";
import { PictureField } from "../parts/pictures.tsx";
import { metadataIn, SKU_MAX } from "../product-fields.ts";
import { MAX_VARIANTS, optionsInNameOrder } from "../variants.ts";
import { p } from "../words/products.ts";
import { optionLabel, t } from "../words/words.ts";
import type { ProductDetail } from "./product.tsx";

const OPTION_MAX = 200;

export function AddVariant({ product, added }: { product: ProductDetail; added: () => Promise<void> }) {
  const [name, sku, price, stock, imageUrl, metadata] = [useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal(""), useSignal("")];
  const options = useRef(new Map<string, Signal<string>>()).current;
  const [sibling] = product.variants;
  const names = sibling === undefined ? [] : Object.keys(optionsInNameOrder(sibling));
  for (const option of names) if (!options.has(option)) options.set(option, signal(""));
  const valueOf = (option: string): Signal<string> => options.get(option) as Signal<string>;
  return (
    <Confirm
      needs="catalog"
      label={p.value.addVariant}
      tone="primary"
      disabled={product.variants.length >= MAX_VARIANTS}
      opened={() => {
        for (const field of [name, sku, stock, imageUrl, metadata, ...options.values()]) field.value = "";
        price.value = String(product.price ?? "");
      }}
      run={async ({ key, shop }) => {
        const entries = metadataIn(metadata.value);
        const body = {
          price: Number(price.value),
          stock: Number(stock.value),
          ...(name.value.trim() === "" ? {} : { name: name.value.trim() }),
          ...(names.length === 0 ? {} : { options: Object.fromEntries(names.map((option) => [option, valueOf(option).value.trim()])) }),
          ...(sku.value.trim() === "" ? {} : { sku: sku.value.trim() }),
          ...(imageUrl.value.trim() === "" ? {} : { imageUrl: imageUrl.value.trim() }),
          ...(Object.keys(entries).length === 0 ? {} : { metadata: entries }),
        };
        await shop.addVariant({ path: { id: product.id }, body, idempotencyKey: key });
        await added();
      }}
    >
      <p class="muted">{p.value.addVariantWords}</p>
      {names.map((option) => (
        <TextField key={option} label={optionLabel(option)} value={valueOf(option)} max={OPTION_MAX} path="/options" />
      ))}
      {names.length === 0 && <TextField label={t.value.name} value={name} path="/name" />}
      <NumberField label={t.value.price} value={price} path="/price" />
      <NumberField label={t.value.stock} value={stock} path="/stock" />
      <TextField label="SKU" hint={t.value.mayBeEmpty} value={sku} max={SKU_MAX} path="/sku" optional />
      <PictureField label={p.value.ownPicture} value={imageUrl.value} change={(url) => (imageUrl.value = url)} path="/imageUrl" optional />
      <Metadata value={metadata.value} change={(text) => (metadata.value = text)} hint={p.value.variantMetadataHint} />
    </Confirm>
  );
}
