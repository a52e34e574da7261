import "../shared/theme.css";
import "uplot/dist/uPlot.min.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { render } from "preact";
import { readFacts } from "./api.ts";
import { App } from "./app.tsx";

readFacts().catch(() => {});
render(<App />, document.querySelector("#app") as HTMLElement);
