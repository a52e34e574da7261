// What cannot be undone says what it will do, and asks once.

import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useAttempt } from "../../shared/attempt.ts";
import { t } from "../words/words.ts";
import { Failure } from "./parts.tsx";

type ConfirmProps = {
  /** On the button that opens it. */
  label: string;
  title: string;
  /** What it will do. */
  children: ComponentChildren;
  /** On the button that does it. */
  act: string;
  run: (key: string) => Promise<void>;
  disabled?: boolean;
  tone?: "danger" | "primary";
  quiet?: boolean;
};

export function Confirm({ label, title, children, act, run, disabled = false, tone = "danger", quiet = true }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const attempt = useAttempt(async (key) => {
    await run(key);
    dialog.current?.close();
  });
  return (
    <>
      <button
        type="button"
        class={`button small ${tone} ${quiet ? "quiet" : ""}`}
        disabled={disabled}
        onClick={() => {
          attempt.forget();
          dialog.current?.showModal();
        }}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-label={title}>
        <h2>{title}</h2>
        <div class="dialog-words">{children}</div>
        {attempt.error !== undefined && <Failure error={attempt.error} />}
        <div class="dialog-buttons">
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            {t.value.no}
          </button>
          <button
            type="button"
            class={`button ${tone === "danger" ? "danger filled" : "primary"}`}
            disabled={attempt.busy}
            onClick={() => void attempt.run()}
          >
            {attempt.busy ? t.value.working : act}
          </button>
        </div>
      </dialog>
    </>
  );
}
