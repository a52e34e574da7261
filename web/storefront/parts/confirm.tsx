import type { ComponentChildren, RefObject } from "preact";
import { useId } from "preact/hooks";
import type { Attempt } from "../../shared/attempt.ts";
import { Failure, Spinner } from "./parts.tsx";

type ConfirmProps = {
  dialog: RefObject<HTMLDialogElement | null>;
  question: string;
  action: Attempt<[]>;
  /** The verbs on the buttons. */
  confirm: string;
  keep: string;
  children: ComponentChildren;
};

/** Asks before an action, and describes its effect. */
export function Confirm({ dialog, question, action, confirm, keep, children }: ConfirmProps) {
  const id = useId();
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={action.clearError}>
      <h2 id={id}>{question}</h2>
      {children}
      {action.error !== undefined && <Failure error={action.error} />}
      <div class="dialog-actions">
        <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
          {keep}
        </button>
        <button type="button" class="button danger" aria-disabled={action.busy} onClick={() => void action.run()}>
          {action.busy && <Spinner />}
          {confirm}
        </button>
      </div>
    </dialog>
  );
}
