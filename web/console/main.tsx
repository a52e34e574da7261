import "../shared/theme.css";
import "uplot/dist/uPlot.min.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/forms.css";
import "./styles/matrix.css";
import "./styles/cards.css";
import "./styles/pages.css";
import "./styles/reports.css";
import { render } from "preact";
import { keepFocus } from "../shared/focus.ts";
import { keepShopInfo } from "../shared/shop-info.ts";
import { shop } from "./api.ts";
import { App } from "./app.tsx";

keepShopInfo(shop);
const root = document.querySelector("#app") as HTMLElement;
keepFocus(root);
render(<App />, root);
