// A button that opens a form for an object of the shop, with the conflicts of other operators' edits.

import type { ComponentChildren } from "preact";
import type { Shop } from "#client";
import type { Changes, Form } from "../form.ts";
import type { Permission } from "../session.ts";
import { t } from "../words/words.ts";
import { Confirm } from "./confirm.tsx";
import { Conflicts } from "./conflicts.tsx";

type EditDialogProps<Field extends string, Item> = {
  form: Form<Field, Item>;
  needs: Permission;
  /** The object, for a label that is the same in every row. */
  about?: string;
  title: string;
  disabled?: boolean;
  /** Sends the changes. @param version that of the object, if it has one */
  send: (shop: Shop, changes: Changes<Field>, request: { version: number; idempotencyKey: string; base: Record<Field, string> }) => Promise<unknown>;
  /** Finds the form's object in the shop's answer to an edit of an old version. */
  itemIn?: (current: unknown) => Item | undefined;
  saved?: () => void | Promise<void>;
  /** Reads the object again, also after a refusal. */
  reload: () => void | Promise<void>;
  label: (field: Field) => string;
  format?: (field: Field, value: string) => string;
  children: ComponentChildren;
};

export function EditDialog<Field extends string, Item>({
  form,
  needs,
  about,
  title,
  disabled = false,
  send,
  itemIn = (current) => current as Item | undefined,
  saved,
  reload,
  label,
  format,
  children,
}: EditDialogProps<Field, Item>) {
  return (
    <Confirm
      needs={needs}
      label={t.value.edit}
      {...(about === undefined ? {} : { about })}
      title={title}
      act={t.value.save}
      tone="primary"
      disabled={disabled}
      opened={form.reset}
      run={async ({ key, shop }) => {
        try {
          await form.save(
            key,
            (changes, version, idempotencyKey, base) => send(shop, changes, { version: version as number, idempotencyKey, base }),
            itemIn,
          );
          await saved?.();
        } finally {
          await reload();
        }
      }}
    >
      {children}
      <Conflicts form={form} label={label} {...(format === undefined ? {} : { format })} />
    </Confirm>
  );
}
