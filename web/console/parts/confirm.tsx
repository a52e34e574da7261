// What cannot be undone says what it will do, and asks once.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { type Mine, useAttempt } from "../attempt.ts";
import { t } from "../words/words.ts";
import { Failure } from "./parts.tsx";

type ConfirmProps = {
  /** On the button that opens it. */
  label: string;
  /** Of the button, where its label alone does not say of what. */
  about?: string;
  title: string;
  /** What it will do. Fields in here are checked before it does. */
  children: ComponentChildren;
  /** On the button that does it. */
  act: string;
  run: (mine: Mine) => Promise<void>;
  /** Called when it opens: a form inside begins with what is loaded, not with what was typed and given up. */
  opened?: () => void;
  /** Whether there is something to ask about, looked at when it is to be opened. */
  ready?: () => boolean;
  disabled?: boolean;
  tone?: "danger" | "primary";
  quiet?: boolean;
};

export function Confirm({
  label,
  about,
  title,
  children,
  act,
  run,
  opened,
  ready = () => true,
  disabled = false,
  tone = "danger",
  quiet = true,
}: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const attempt = useAttempt(async (mine) => {
    await run(mine);
    dialog.current?.close();
  });
  return (
    <>
      <button
        type="button"
        class={`button small ${tone} ${quiet ? "quiet" : ""}`}
        aria-label={about === undefined ? undefined : `${label}: ${about}`}
        disabled={disabled}
        onClick={() => {
          if (!ready()) return;
          attempt.forget();
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
          <div class="dialog-words">{children}</div>
          {attempt.error !== undefined && <Failure error={attempt.error} />}
          <div class="dialog-buttons">
            <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
              {t.value.no}
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
