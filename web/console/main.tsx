import "../shared/theme.css";
import "uplot/dist/uPlot.min.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { render } from "preact";
import { readFacts } from "./api.ts";
import { keepFocus } from "../shared/focus.ts";
import { App } from "./app.tsx";

readFacts().catch(() => {});
const root = document.querySelector("#app") as HTMLElement;
keepFocus(root);
render(<App />, root);
