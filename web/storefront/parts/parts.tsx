// Small things that many pages are made of.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isRefusal } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { now } from "../clock.ts";
import { reasonOf, t } from "../words/words.ts";
import { Icon, type IconName } from "./icon.tsx";

export function Money({ amount }: { amount: number }) {
  return <span class="number">{formatMoney(amount)}</span>;
}

/** The heading of a page; takes the focus when the page is opened, so that a screen reader begins there. */
export function Title({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 class="title" tabIndex={-1} ref={heading}>
      {children}
    </h1>
  );
}

/** Tells what came of something: read out as soon as it appears. */
export function Notice({ kind, children }: { kind: "good" | "bad" | "warn"; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <Icon name={kind === "good" ? "check" : "info"} />
      <div>{children}</div>
    </div>
  );
}

/** Why something failed. What passes by itself is counted down, for the eye alone: it is read out once. */
export function Reason({ error }: { error: unknown }) {
  const began = useRef<{ of: unknown; at: number }>(undefined);
  if (began.current?.of !== error) began.current = { of: error, at: now.peek() };
  if (!isRefusal(error) || !error.retryAfter) return <p>{reasonOf(error)}</p>;
  const left = Math.ceil(error.retryAfter - (now.value - (began.current?.at ?? 0)) / 1000);
  return (
    <p>
      <span class="visually-hidden">{reasonOf(error)}</span>
      <span class="number" aria-hidden="true">
        {left > 0 ? t.value.againIn(left) : t.value.againNow}
      </span>
    </p>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Notice kind="bad">
      <Reason error={error} />
      {retry && (
        <button type="button" class="button small quiet" onClick={retry}>
          {t.value.retry}
        </button>
      )}
    </Notice>
  );
}

export function Empty({ icon, title, hint, children }: { icon: IconName; title?: string; hint?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      {title && <p class="empty-title">{title}</p>}
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}

/** Keeps the place of what is still to come. */
export function Skeleton({ lines = 3, tall = false }: { lines?: number; tall?: boolean }) {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">{t.value.loading}</span>
      {tall && <div class="bone tall" />}
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} class="bone" />
      ))}
    </div>
  );
}

export function Spinner() {
  return <span class="spinner" aria-hidden="true" />;
}

export function Stepper({
  label,
  value,
  most,
  set,
  disabled = false,
}: {
  label: string;
  value: number;
  most: number;
  set: (value: number) => void;
  disabled?: boolean;
}) {
  // Not disabled: a button that reaches the limit keeps the focus.
  const change = (next: number): void => {
    if (!disabled && next >= 1 && (next <= most || next < value)) set(next);
  };
  return (
    <div class="stepper" role="group" aria-label={label}>
      <button type="button" aria-label={t.value.fewer} aria-disabled={disabled || value <= 1} onClick={() => change(value - 1)}>
        −
      </button>
      <output class="number" aria-live="polite">
        {value}
      </output>
      <button type="button" aria-label={t.value.another} aria-disabled={disabled || value >= most} onClick={() => change(value + 1)}>
        +
      </button>
    </div>
  );
}

/** What is left, in the tone that it deserves. */
export function Stock({ stock, status }: { stock: number; status: "ON_SALE" | "SOLD_OUT" | "NOT_FOR_SALE" }) {
  if (status === "NOT_FOR_SALE") return <span class="pill">{t.value.notForSale}</span>;
  if (stock === 0) return <span class="pill gone">{t.value.soldOut}</span>;
  if (stock <= 5) return <span class="pill few number">{t.value.left(stock)}</span>;
  return <span class="pill number">{t.value.inStock(stock)}</span>;
}
