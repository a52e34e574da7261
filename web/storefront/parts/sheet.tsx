import type { ComponentChildren, RefObject } from "preact";
import { useId } from "preact/hooks";
import { t } from "../words/words.ts";
import { Icon } from "./icon.tsx";

type SheetProps = {
  sheet: RefObject<HTMLDialogElement | null>;
  title: ComponentChildren;
  onClose?: () => void;
  foot: ComponentChildren;
  children: ComponentChildren;
};

/** A dialog that comes from the bottom of the window. Escape, its button and a press beside it close it. */
export function Sheet({ sheet, title, onClose, foot, children }: SheetProps) {
  const id = useId();
  const close = (): void => sheet.current?.close();
  return (
    <dialog
      class="sheet"
      ref={sheet}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div class="sheet-body">
        <div class="sheet-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={t.value.close} onClick={close}>
            <Icon name="close" />
          </button>
        </div>
        <div class="sheet-content">{children}</div>
        <div class="sheet-foot">{foot}</div>
      </div>
    </dialog>
  );
}
