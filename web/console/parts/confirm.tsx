// A button that opens a dialog: for an irreversible action, which it describes, or for a small form.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { type ActionContext, useAttempt } from "../attempt.ts";
import { mayChange, type Permission } from "../session.ts";
import { t } from "../words/words.ts";
import { FieldErrors } from "./field-errors.tsx";
import { Failure } from "./parts.tsx";

type ConfirmProps = {
  /** On the button that opens the dialog. */
  label: string;
  /** The object of the action, for a label that is the same in every row. */
  about?: string;
  /** Of the dialog; the label, unless it says more. */
  title?: string;
  /** A description of the action, or its form. The browser checks the fields before the action starts. */
  children: ComponentChildren;
  /** On the button that starts the action; the title, unless it says more. */
  act?: string;
  /** On the button that closes the dialog, if the action itself is a cancel. */
  dismiss?: string;
  run: (context: ActionContext) => Promise<void>;
  /** Called when the dialog opens. A form inside resets here, so that values typed before a cancel are gone. */
  opened?: () => void;
  /** Called before the dialog opens; false keeps it closed. */
  ready?: () => boolean;
  disabled?: boolean;
  /** The permission of the action. An operator without it sees no button. */
  needs: Permission;
  tone?: "danger" | "primary";
  quiet?: boolean;
};

export function Confirm({
  label,
  about,
  title = label,
  children,
  act = title,
  dismiss = t.value.cancel,
  run,
  opened,
  ready = () => true,
  disabled = false,
  needs,
  tone = "danger",
  quiet = true,
}: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const attempt = useAttempt(async (context) => {
    await run(context);
    dialog.current?.close();
  });
  if (!mayChange(needs)) return null;
  return (
    <>
      <button
        type="button"
        class={`button small ${tone} ${quiet ? "quiet" : ""}`}
        aria-label={about === undefined ? undefined : `${label}: ${about}`}
        disabled={disabled}
        onClick={() => {
          if (!ready()) return;
          attempt.clearError();
          opened?.();
          dialog.current?.showModal();
        }}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void attempt.run();
          }}
        >
          <h2>{title}</h2>
          <div class="dialog-words">
            <FieldErrors error={attempt.error}>{children}</FieldErrors>
          </div>
          {attempt.error !== undefined && <Failure error={attempt.error} />}
          <div class="dialog-buttons">
            <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
              {dismiss}
            </button>
            <button type="submit" class={`button ${tone === "danger" ? "danger filled" : "primary"}`} aria-disabled={attempt.busy}>
              {attempt.busy ? t.value.working : act}
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
