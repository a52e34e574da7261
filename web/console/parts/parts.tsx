// Small components of many pages.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";
import { formatInstant, formatSecond } from "../../shared/languages.ts";
import { subject } from "../../shared/router.ts";
import { reasonOf } from "../api.ts";
import { statusWord, t } from "../words/words.ts";
import { useFieldError } from "./field-errors.tsx";

type TitleProps = {
  children: ComponentChildren;
  side?: ComponentChildren;
  /** The object of the page, such as a product's name, for the window's title. */
  about?: string;
};

/** The heading of a page. It takes the focus when the page opens, so that a screen reader starts there. */
export function Title({ children, side, about = "" }: TitleProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => void (subject.value = about), [about]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <div class="title">
      <h1 tabIndex={-1} ref={heading}>
        {children}
      </h1>
      {side && <div class="title-side">{side}</div>}
    </div>
  );
}

export function Card({ title, side, children }: { title?: string; side?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="card">
      {title && (
        <div class="card-head">
          <h2>{title}</h2>
          {side}
        </div>
      )}
      {children}
    </section>
  );
}

/** A card that is folded until it is asked for, such as a form that most operators skip. */
export function FoldedCard({ title, open = false, children }: { title: string; open?: boolean; children: ComponentChildren }) {
  return (
    <details class="card folded-card" open={open}>
      <summary>
        <h2>{title}</h2>
      </summary>
      {children}
    </details>
  );
}

/** A fresh message about an action stays within the window: the pressed button may be far below. */
const FRESH_MS = 6000;

export function Notice({ kind, children }: { kind: "good" | "bad" | "warn"; children: ComponentChildren }) {
  const isFresh = useSignal(kind === "good");
  useEffect(() => {
    if (kind !== "good") return undefined;
    isFresh.value = true;
    const timer = setTimeout(() => (isFresh.value = false), FRESH_MS);
    return () => clearTimeout(timer);
  }, [kind, children]);
  return (
    <div class={`notice ${kind} ${isFresh.value ? "fresh" : ""}`} role={kind === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** All faults of a file at once, so that one correction is enough. */
export function FaultList({ title, faults }: { title: string; faults: string[] }) {
  if (faults.length === 0) return null;
  return (
    <Notice kind="bad">
      <p>{title}</p>
      <ul class="faults" tabIndex={0} aria-label={title}>
        {faults.map((words, i) => (
          <li key={i}>{words}</li>
        ))}
      </ul>
    </Notice>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  return (
    <Notice kind="bad">
      <p>{reasonOf(error)}</p>
      {retry && (
        <button type="button" class="button small quiet" onClick={retry}>
          {t.value.retry}
        </button>
      )}
    </Notice>
  );
}

/** Stands in for a page while its data is loading, or after the load failed. */
export function NotLoaded({ title, error, retry }: { title: string; error: unknown; retry: () => Promise<void> }) {
  return (
    <>
      <Title>{title}</Title>
      {error === undefined ? <Busy /> : <Failure error={error} retry={() => void retry()} />}
    </>
  );
}

/** @param word the words of another kind of status */
export function Status({ of, word = statusWord }: { of: string; word?: (status: string) => string }) {
  return <span class={`pill ${of.toLowerCase()}`}>{word(of)}</span>;
}

/** @param seconds shows them, for moments within a minute */
export function When({ at, seconds = false }: { at: string | null; seconds?: boolean }) {
  if (at === null) return <span class="muted">–</span>;
  // The style sheet keeps a time in one line. In a narrow cell it breaks at its spaces, and not within the hour.
  return <time dateTime={at}>{(seconds ? formatSecond(at) : formatInstant(at)).replaceAll("\u00A0", " ")}</time>;
}

/** An id, shortened for a table. The whole id is in its title. */
export function Id({ of, href }: { of: string; href?: string }) {
  const short = `…${of.slice(-10)}`;
  return href ? (
    <a class="id" href={href} title={of}>
      {short}
    </a>
  ) : (
    <span class="id" title={of}>
      {short}
    </span>
  );
}

type LabelProps = {
  label: string;
  hint?: string;
  /** The JSON pointer by which the shop names the field in an error. */
  path?: string | undefined;
  children: ComponentChildren;
};

export function Field({ label, hint, path, children }: LabelProps) {
  const error = useFieldError(path);
  const frame = useRef<HTMLLabelElement>(null);
  const id = useId();
  // Before the form's own effect, which gives the focus to the first field at fault.
  useLayoutEffect(() => {
    const control = frame.current?.querySelector("input, select, textarea");
    if (error === undefined) for (const name of ["aria-invalid", "aria-describedby"]) control?.removeAttribute(name);
    else {
      control?.setAttribute("aria-invalid", "true");
      control?.setAttribute("aria-describedby", id);
    }
  }, [error]);
  return (
    <label class="field" ref={frame}>
      <span class="field-label">{label}</span>
      {children}
      {hint && <span class="field-hint">{hint}</span>}
      {error !== undefined && (
        <span class="field-error" id={id}>
          {error}
        </span>
      )}
    </label>
  );
}

export function Busy({ words }: { words?: string }) {
  return (
    <p class="busy" role="status">
      <span class="spinner" aria-hidden="true" />
      {words ?? t.value.loading}
    </p>
  );
}

/** Progress, as a share from 0 to 1. */
export function Bar({ share, label, tone = "accent" }: { share: number; label: string; tone?: "accent" | "good" | "bad" }) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div class={`bar ${tone}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={percent}>
      <span style={{ inlineSize: `${percent}%` }} />
    </div>
  );
}

/** One figure of a page. @param tone the color of the same figure in a chart */
export function Tile({
  label,
  tone,
  hint,
  small = false,
  children,
}: {
  label: string;
  tone?: string;
  hint?: string;
  small?: boolean;
  children: ComponentChildren;
}) {
  return (
    <div class={`tile ${tone ? "toned" : ""}`} style={tone ? { "--tone": `var(${tone})` } : {}}>
      <dt>{label}</dt>
      <dd class={`number ${small ? "small" : ""}`}>{children}</dd>
      {hint && <dd class="tile-hint">{hint}</dd>}
    </div>
  );
}

/** One entry of a list of facts. */
export function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "wide" : ""}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
