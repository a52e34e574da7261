// Short messages above the bar at the bottom of the window, so that no message is outside of the visitor's view.

import { signal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../words/words.ts";
import { Icon } from "./icon.tsx";

export type ToastKind = "good" | "bad" | "warn";
type Toast = { kind: ToastKind; content: ComponentChildren };

/** The latest message; the next one takes its place. */
const current = signal<Toast | null>(null);
const SHOWN_MS = 8000;

export function toast(kind: ToastKind, content: ComponentChildren): void {
  current.value = { kind, content };
}

export function clearToast(): void {
  current.value = null;
}

/** The message stays while the pointer or the focus is in it. */
export function Toasts() {
  const element = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const shown = current.value;
    if (shown === null) return undefined;
    let timer = setTimeout(function end() {
      if (element.current?.matches(":hover, :focus-within")) timer = setTimeout(end, 1000);
      else if (current.peek() === shown) clearToast();
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  });
  return (
    <div class="toasts" role="status" ref={element}>
      {current.value && (
        <div class={`toast ${current.value.kind}`}>
          <Icon name={current.value.kind === "good" ? "check" : "info"} />
          <div class="toast-body">{current.value.content}</div>
          <button type="button" class="toast-close" aria-label={t.value.close} onClick={clearToast}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}
