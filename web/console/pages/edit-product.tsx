import { useEffect } from "preact/hooks";
import { useAttempt } from "../attempt.ts";
import { useForm } from "../form.ts";
import { Conflicts } from "../parts/conflicts.tsx";
import { TextField } from "../parts/fields.tsx";
import { Card, Failure, Field } from "../parts/parts.tsx";
import { t } from "../words/words.ts";
import type { ProductDetail } from "./product.tsx";

const fieldsOf = ({ name, description }: ProductDetail) => ({ name, description: description ?? "" });

export function EditProduct({ product, saved, reload }: { product: ProductDetail; saved: () => void; reload: () => Promise<void> }) {
  const form = useForm(product, fieldsOf);
  const { name, description } = form.fields;
  useEffect(form.follow, [product]);
  const save = useAttempt(async ({ key, shop }) => {
    try {
      await form.save(
        key,
        (changes, version, idempotencyKey) =>
          shop.editProduct({ path: { id: product.id }, body: { ...changes, version: version as number }, idempotencyKey }),
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
        <TextField label={t.value.name} value={name} />
        <Field label={t.value.description}>
          <textarea
            rows={3}
            maxLength={10_000}
            value={description.value}
            onInput={({ currentTarget }) => (description.value = currentTarget.value)}
          />
        </Field>
        <Conflicts form={form} label={(field) => t.value[field]} />
        {save.error !== undefined && <Failure error={save.error} />}
        <button class="button primary small" type="submit" aria-disabled={save.busy}>
          {save.busy ? t.value.working : t.value.save}
        </button>
      </form>
    </Card>
  );
}
