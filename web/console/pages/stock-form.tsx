import { type Signal, useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { formatNumber } from "../../shared/languages.ts";
import type { ActionContext } from "../attempt.ts";
import { Confirm } from "../parts/confirm.tsx";
import { ReasonField } from "../parts/fields.tsx";
import { Matrix } from "../parts/matrix.tsx";
import { Card } from "../parts/parts.tsx";
import { gridOf, optionsInNameOrder } from "../variants.ts";
import { t } from "../words/words.ts";
import type { ProductDetail, Variant } from "./product.tsx";

type StockFormProps = {
  product: ProductDetail;
  /** `complete` is false if the shop refused some of the adjustments. */
  adjusted: (complete: boolean) => Promise<void>;
};

/** Adjusts the stock of several variants at once, for one reason, as a delivery brings them. */
export function StockForm({ product, adjusted }: StockFormProps) {
  const deltas = useSignal<Record<string, string>>({});
  const reason = useSignal("");
  const form = useRef<HTMLFormElement>(null);
  const { variants } = product;
  const deltaOf = ({ id }: Variant): number => Math.trunc(Number(deltas.value[id] ?? 0) || 0);
  const changed = variants.filter((variant) => deltaOf(variant) !== 0);
  const sum = (sign: 1 | -1): number => changed.reduce((total, variant) => total + Math.max(0, sign * deltaOf(variant)), 0);

  const adjustAll = async ({ key, shop }: ActionContext): Promise<void> => {
    try {
      for (const variant of changed) {
        // Each adjustment has its own key and leaves the form when it is done, so that a repeat after a refusal does none twice.
        const body = { delta: deltaOf(variant), reason: reason.value.trim() };
        await shop.adjustStock({ path: { id: variant.id }, body, idempotencyKey: `${key}-${variant.id}` });
        deltas.value = { ...deltas.value, [variant.id]: "" };
      }
    } catch (error) {
      await adjusted(false);
      throw error;
    }
    reason.value = "";
    await adjusted(true);
  };

  return (
    <Card title={t.value.stock} side={<span class="muted number">{t.value.stockSum(variants.length, product.stock)}</span>}>
      <form ref={form} class="form" onSubmit={(event) => event.preventDefault()}>
        <Matrix
          caption={t.value.stock}
          grid={gridOf(variants, optionsInNameOrder, ({ name }) => name)}
          cell={(variant) => <StockCell variant={variant} deltas={deltas} />}
        />
        <ReasonField label={t.value.reason} value={reason} />
      </form>
      <div class="form-row">
        <Confirm
          needs="stock"
          label={t.value.adjustStock}
          title={t.value.adjustStock}
          act={t.value.adjust}
          tone="primary"
          quiet={false}
          disabled={changed.length === 0}
          ready={() => form.current?.reportValidity() ?? false}
          run={adjustAll}
        >
          <p>{t.value.adjustWords(changed.length, sum(1), sum(-1))}</p>
          <ul class="moves">
            {changed.map((variant) => (
              <li key={variant.id}>
                <bdi class="clip">{variant.name}</bdi>
                <span class="number">{t.value.stockWillBe(variant.stock, variant.stock + deltaOf(variant))}</span>
              </li>
            ))}
          </ul>
          <p class="muted">
            {t.value.reason}: <bdi>{reason.value}</bdi>
          </p>
        </Confirm>
      </div>
    </Card>
  );
}

function StockCell({ variant, deltas }: { variant: Variant; deltas: Signal<Record<string, string>> }) {
  return (
    <span class="stock-cell">
      <span class={`number ${variant.stock === 0 ? "gone" : ""}`}>{formatNumber(variant.stock)}</span>
      <input
        class="few"
        type="number"
        step={1}
        min={-variant.stock}
        max={1_000_000_000_000}
        placeholder="±"
        aria-label={`${t.value.delta}: ${variant.name}`}
        value={deltas.value[variant.id] ?? ""}
        onInput={({ currentTarget }) => (deltas.value = { ...deltas.value, [variant.id]: currentTarget.value })}
      />
    </span>
  );
}
