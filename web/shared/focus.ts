// Keeps the keyboard focus. When the focused control is removed or disabled, the browser moves the focus to the body; this moves it to a control nearby.

type Position = { element: Element; parents: { parent: Element; index: number }[] };

const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';

let last: Position | undefined;

/** Call once. @param root the element that the page is rendered into */
export function keepFocus(root: Element): void {
  root.addEventListener("focusin", ({ target }) => (last = positionOf(target as Element, root)));
  // A press outside of all controls gives up the focus on purpose.
  addEventListener("pointerdown", ({ target }) => !last?.element.contains(target as Node) && (last = undefined), { capture: true });
  let waiting = false;
  new MutationObserver(() => {
    if (waiting) return;
    waiting = true;
    // A new page moves the focus to its heading after its first frame.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        waiting = false;
        restore(root);
      }),
    );
  }).observe(root, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "open", "hidden"] });
}

function positionOf(element: Element, root: Element): Position {
  const parents: Position["parents"] = [];
  for (let child = element; child !== root && child.parentElement !== null; child = child.parentElement)
    parents.push({ parent: child.parentElement, index: [...child.parentElement.children].indexOf(child) });
  return { element, parents };
}

function restore(root: Element): void {
  const active = document.activeElement;
  if (last === undefined || (active !== null && active !== document.body && active !== last.element)) return;
  const { element, parents } = last;
  if (element.isConnected && isUsable(element)) return;
  (nearby(element, parents) ?? headingOf(root)).focus({ preventScroll: true });
}

/** The control at the same position or the one before it, in the smallest remaining part of the page that has any. */
function nearby(element: Element, parents: Position["parents"]): HTMLElement | undefined {
  const form = element.isConnected ? element.closest("form") : null;
  const submit = form && usableIn(form).find((control) => (control as HTMLButtonElement).type === "submit");
  if (submit) return submit;
  for (const { parent, index } of parents) {
    if (!parent.isConnected || parent.closest("dialog:not([open])") !== null) continue;
    if (parent.matches("#app")) return undefined;
    const [here, before] = [parent.children[index], parent.children[index - 1]];
    const found = (here && usableIn(here)[0]) ?? (before && usableIn(before).at(-1));
    if (found) return found;
  }
  return undefined;
}

function headingOf(root: Element): HTMLElement {
  const heading = root.querySelector<HTMLElement>("h1") ?? (root as HTMLElement);
  if (!heading.hasAttribute("tabindex")) heading.tabIndex = -1;
  return heading;
}

const usableIn = (part: Element): HTMLElement[] =>
  [part, ...part.querySelectorAll(CONTROLS)].filter(
    (control) => control.matches(CONTROLS) && (control as HTMLElement).tabIndex >= 0 && isUsable(control),
  ) as HTMLElement[];

const isUsable = (element: Element): boolean =>
  !element.matches(':disabled, [aria-hidden="true"] *, [aria-hidden="true"]') && element.checkVisibility({ visibilityProperty: true });
