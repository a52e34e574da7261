// The bar with the page's main buttons: fixed to the bottom of a phone's window, within the page on a wide one.

import { computed, signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** The elements that cover the end of the window. */
const bars = new Set<HTMLElement>();
const mounted = signal(0);
/** Whether the page has a bar of its own, which takes the place of the menu. */
export const hasBottomBar = computed(() => mounted.value > 0);

/** Keeps the CSS variable `--bar` at the height of the highest bar, so that messages and focused controls stay above it. */
function measure(): void {
  const covering = [...bars].filter((bar) => ["fixed", "sticky"].includes(getComputedStyle(bar).position));
  document.documentElement.style.setProperty("--bar", `${Math.max(0, ...covering.map((bar) => bar.offsetHeight))}px`);
}

export function useBarHeight<E extends HTMLElement>() {
  const bar = useRef<E>(null);
  useLayoutEffect(() => {
    const element = bar.current;
    if (element === null) return undefined;
    bars.add(element);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => {
      observer.disconnect();
      bars.delete(element);
      measure();
    };
  }, []);
  return bar;
}

export function BottomBar({ children }: { children: ComponentChildren }) {
  const bar = useBarHeight<HTMLDivElement>();
  useLayoutEffect(() => {
    mounted.value += 1;
    return () => {
      mounted.value -= 1;
    };
  }, []);
  return (
    <div class="bottom-bar" ref={bar}>
      {children}
    </div>
  );
}
