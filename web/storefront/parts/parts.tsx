// Small components of many pages.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { isRefusal } from "#client";
import { formatMoney } from "../../shared/languages.ts";
import { now } from "../../shared/clock.ts";
import { reasonOf, t } from "../words/words.ts";
import { Icon, type IconName } from "./icon.tsx";

export function Money({ amount }: { amount: number }) {
  return <span class="number">{formatMoney(amount)}</span>;
}

/** The heading of a page. It takes the focus when the page opens, so that a screen reader starts there. */
export function Title({ children }: { children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 class="title" tabIndex={-1} ref={heading}>
      {children}
    </h1>
  );
}

/** A message that screen readers announce when it appears. */
export function Notice({ kind, children }: { kind: "good" | "bad" | "warn"; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <Icon name={kind === "good" ? "check" : "info"} />
      <div>{children}</div>
    </div>
  );
}

/** The reason of a failure. If the shop asked for a pause, a countdown shows it; screen readers announce it once. */
export function Reason({ error }: { error: unknown }) {
  const start = useRef<{ of: unknown; at: number }>(undefined);
  if (start.current?.of !== error) start.current = { of: error, at: now.peek() };
  if (!isRefusal(error) || !error.retryAfter) return <p>{reasonOf(error)}</p>;
  const left = Math.ceil(error.retryAfter - (now.value - (start.current?.at ?? 0)) / 1000);
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

/** Reserves the space of content that is loading. */
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

/** As large as the page of a product or a drop will be. */
export function DetailSkeleton() {
  return (
    <div class="detail">
      <div class="bone tall" />
      <Skeleton lines={5} />
    </div>
  );
}

export function Spinner() {
  return <span class="spinner" aria-hidden="true" />;
}

export function Stepper({
  label,
  value,
  min = 1,
  max,
  set,
  disabled = false,
}: {
  label: string;
  value: number;
  min?: number;
  max: number;
  set: (value: number) => void;
  disabled?: boolean;
}) {
  // `aria-disabled` and not `disabled`, so that a button at the limit keeps the focus.
  const change = (next: number): void => {
    if (!disabled && next >= min && (next <= max || next < value)) set(next);
  };
  return (
    <div class="stepper" role="group" aria-label={label}>
      <button type="button" aria-label={t.value.decrease} aria-disabled={disabled || value <= min} onClick={() => change(value - 1)}>
        −
      </button>
      <output class="number" aria-live="polite">
        {value}
      </output>
      <button type="button" aria-label={t.value.increase} aria-disabled={disabled || value >= max} onClick={() => change(value + 1)}>
        +
      </button>
    </div>
  );
}

/** The remaining stock, emphasized when it is low. */
export function Stock({ stock, status }: { stock: number; status: "ON_SALE" | "SOLD_OUT" | "NOT_FOR_SALE" }) {
  if (status === "NOT_FOR_SALE") return <span class="pill">{t.value.notForSale}</span>;
  if (stock === 0) return <span class="pill gone">{t.value.soldOut}</span>;
  if (stock <= 5) return <span class="pill few number">{t.value.left(stock)}</span>;
  return <span class="pill number">{t.value.inStock(stock)}</span>;
}
