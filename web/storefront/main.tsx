import "../shared/theme.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { render } from "preact";
import { readFacts } from "./api.ts";
import { keepFocus } from "../shared/focus.ts";
import { App } from "./app.tsx";

const FACTS_EVERY_MS = 60_000;

/** What cannot be read now will be at the next time: pages do without, but for the money's sign. */
function keepFacts(): void {
  if (document.visibilityState === "visible") readFacts().catch(() => {});
}

keepFacts();
setInterval(keepFacts, FACTS_EVERY_MS);
document.addEventListener("visibilitychange", keepFacts);
const root = document.querySelector("#app") as HTMLElement;
keepFocus(root);
render(<App />, root);
