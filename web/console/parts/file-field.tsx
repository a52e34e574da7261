// A file from the operator's computer, and a template of such a file.

import type { ComponentChildren } from "preact";
import { Field } from "./parts.tsx";

export function FileField({ label, choose }: { label: string; choose: (file: File | undefined) => Promise<void> }) {
  return (
    <Field label={label}>
      <input type="file" accept=".csv,text/csv" onChange={({ currentTarget }) => void choose(currentTarget.files?.[0])} />
    </Field>
  );
}

/** A CSV file to download. Excel recognizes UTF-8 by the mark at the start. */
export function TemplateLink({ name, text, children }: { name: string; text: string; children: ComponentChildren }) {
  return (
    <a href={`data:text/csv;charset=utf-8,${encodeURIComponent(`\uFEFF${text}`)}`} download={name}>
      {children}
    </a>
  );
}
