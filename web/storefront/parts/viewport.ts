import { signal } from "@preact/signals";

/** The same width as in the styles. */
const query = matchMedia("(width >= 56rem)");

/** Whether the window is wide enough for two columns. */
export const isWide = signal(query.matches);
query.addEventListener("change", ({ matches }) => (isWide.value = matches));
