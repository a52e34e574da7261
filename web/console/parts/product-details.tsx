// The fields of a product that a drop rarely needs, folded away until they are asked for.

import type { Signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { EXTERNAL_ID_MAX } from "../product-fields.ts";
import { p } from "../words/products.ts";
import { t } from "../words/words.ts";
import { NumberField, TextField } from "./fields.tsx";
import { Metadata, TagsField } from "./metadata.tsx";
import { Pictures } from "./pictures.tsx";

export type DetailFields = Record<"images" | "tags" | "externalId" | "taxFreeAmount" | "metadata", Signal<string>>;

export function ProductDetails({ fields, open = false }: { fields: DetailFields; open?: boolean }) {
  // A save changes the product, and must not fold the form under the operator's hands.
  const isOpen = useRef(open).current;
  const { images, tags, externalId, taxFreeAmount, metadata } = fields;
  return (
    <details class="more-fields" open={isOpen}>
      <summary>{p.value.more}</summary>
      <div class="form">
        <Pictures value={images} />
        <TagsField value={tags} />
        <div class="form-grid">
          <TextField label={t.value.externalId} hint={p.value.externalIdHint} value={externalId} max={EXTERNAL_ID_MAX} path="/externalId" optional />
          <NumberField label={p.value.taxFree} hint={p.value.taxFreeHint} value={taxFreeAmount} path="/taxFreeAmount" optional />
        </div>
        <Metadata value={metadata.value} change={(text) => (metadata.value = text)} hint={p.value.metadataHint} />
      </div>
    </details>
  );
}
