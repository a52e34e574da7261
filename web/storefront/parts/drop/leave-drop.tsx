import { useRef } from "preact/hooks";
import { useAttempt } from "../../attempt.ts";
import { t } from "../../words/words.ts";
import { Confirm } from "../confirm.tsx";
import type { Drop, Entry } from "./drop-data.ts";

/** Leaves the line, withdraws from the draw, or gives up a hold. */
export function LeaveDrop({ drop, entry, changed }: { drop: Drop; entry: Entry; changed: () => Promise<unknown> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const leave = useAttempt(async ({ key, shop }) => {
    try {
      await shop.leaveDrop({ path: { dropId: drop.id }, idempotencyKey: key });
      dialog.current?.close();
    } finally {
      await changed();
    }
  });
  const words =
    entry.status === "HELD"
      ? { verb: t.value.giveUp, question: t.value.giveUpQuestion, hint: drop.waitlist ? t.value.giveUpHint : t.value.giveUpHintNoLine }
      : drop.mode === "DRAW" && entry.rank === null
        ? { verb: t.value.leaveDraw, question: t.value.leaveDrawQuestion, hint: drop.status === "CLOSED" ? "" : t.value.leaveDrawHint }
        : { verb: t.value.leaveLine, question: t.value.leaveLineQuestion, hint: drop.mode === "DRAW" ? "" : t.value.leaveLineHint };
  return (
    <>
      <button type="button" class="text-button" onClick={() => dialog.current?.showModal()}>
        {words.verb}
      </button>
      <Confirm dialog={dialog} question={words.question} action={leave} confirm={words.verb} keep={t.value.keepPlace}>
        {words.hint && <p>{words.hint}</p>}
      </Confirm>
    </>
  );
}
