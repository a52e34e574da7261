// The shop's errors about the fields of a form, each at its field.

import { type ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useMemo } from "preact/hooks";
import { isRefusal } from "#client";
import { faultText } from "../words/faults.ts";

const Errors = createContext<ReadonlyMap<string, string>>(new Map());

/** @param error of the form's last attempt. The first field at fault gets the focus. */
export function FieldErrors({ error, children }: { error: unknown; children: ComponentChildren }) {
  const errors = useMemo(() => errorsOf(error), [error]);
  useEffect(() => {
    if (errors.size > 0) (document.querySelector("dialog[open]") ?? document).querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [errors]);
  return <Errors.Provider value={errors}>{children}</Errors.Provider>;
}

/** The error about the field that a JSON pointer of the request names; undefined if there is none. */
export function useFieldError(pointer: string | undefined): string | undefined {
  const errors = useContext(Errors);
  return pointer === undefined ? undefined : errors.get(pointer);
}

function errorsOf(error: unknown): ReadonlyMap<string, string> {
  const errors = isRefusal(error) ? (error.problem.errors ?? []) : [];
  return new Map(errors.map(({ path, message }) => [path, faultText(message)]));
}
