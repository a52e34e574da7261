// The bar with the page's main buttons: fixed to the bottom of a phone's window, within the page on a wide one.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Keeps the CSS variable `--bar` at the height of this bar, so that messages and focused controls stay above it. */
export function useBarHeight<E extends HTMLElement>() {
  const bar = useRef<E>(null);
  useLayoutEffect(() => {
    const element = bar.current;
    if (element === null) return undefined;
    const { style } = document.documentElement;
    const measure = (): void => {
      const covers = ["fixed", "sticky"].includes(getComputedStyle(element).position);
      style.setProperty("--bar", `${covers ? element.offsetHeight : 0}px`);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => {
      observer.disconnect();
      style.removeProperty("--bar");
    };
  }, []);
  return bar;
}

export function BottomBar({ children }: { children: ComponentChildren }) {
  const bar = useBarHeight<HTMLDivElement>();
  return (
    <div class="bottom-bar" ref={bar}>
      {children}
    </div>
  );
}
