// Loads pages/later.ts: at once if the address needs it, else at the visitor's first touch, so that it is there before a link is followed.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../words/words.ts";
import { Notice, Skeleton } from "./parts.tsx";

type Pages = typeof import("../pages/later.ts");

const pages = signal<Pages | null>(null);
const hasFailed = signal(false);

async function load(): Promise<void> {
  if (pages.peek()) return;
  hasFailed.value = false;
  try {
    pages.value = await import("../pages/later.ts");
  } catch {
    hasFailed.value = true;
  }
}

/** Call once. */
export function loadAtFirstTouch(): void {
  for (const event of ["pointerdown", "keydown", "scroll", "pointermove"]) addEventListener(event, () => void load(), { once: true, passive: true });
}

export function Later({ page }: { page: (pages: Pages) => ComponentChildren }) {
  useEffect(() => void load(), []);
  if (pages.value) return <>{page(pages.value)}</>;
  if (!hasFailed.value) return <Skeleton lines={5} />;
  return (
    <Notice kind="bad">
      <p>{t.value.cannotLoad}</p>
      {/* A newer version of the shop may have taken the file's place. */}
      <button type="button" class="button small quiet" onClick={() => location.reload()}>
        {t.value.retry}
      </button>
    </Notice>
  );
}
