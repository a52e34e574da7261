// The page that opens the gateway's payment window. It is a page of its own, because its content security policy lets the gateway's SDK run.

import "../shared/theme.css";
import "./pay.css";
import { createShop } from "#client";
import { dictionary, language } from "../shared/languages.ts";
import { returnAddress, takeWindowRequest, type WindowRequest } from "../shared/payment-window.ts";

type Sdk = (clientKey: string) => { payment(of: { customerKey: string }): { requestPayment(wanted: Record<string, unknown>): Promise<unknown> } };

const t = dictionary(
  {
    title: "결제창을 여는 중입니다",
    hint: "결제는 결제사의 창에서 진행됩니다.",
    failed: "결제창을 열지 못했습니다",
    failedHint: "아직 결제되지 않았습니다. 돌아가서 다시 시도해 주세요.",
    back: "돌아가기",
  },
  {
    title: "Opening the payment window",
    hint: "You pay in the gateway's own window.",
    failed: "The payment window did not open",
    failedHint: "Nothing was paid. Go back and try again.",
    back: "Back",
  },
);

const request = takeWindowRequest();
// The request is taken once: a reload, or "back" from the window, opens no second one.
if (request === null) location.replace("/");
else openWindow(request).catch((error: unknown) => leave(request, error));

async function openWindow({ orderId, orderName, amount, taxFreeAmount, customerKey, method, target }: WindowRequest): Promise<void> {
  show(t.value.title, t.value.hint, null);
  const { paymentWindow, currency } = (await createShop({ url: "", language: () => language.value, tries: 3 }).getShop()).body;
  if (paymentWindow === null) throw new Error("the shop opens no window");
  const sdk = await loadSdk(paymentWindow.sdkUrl);
  await sdk(paymentWindow.clientKey)
    .payment({ customerKey })
    .requestPayment({
      method,
      orderId,
      orderName,
      amount: { currency, value: amount },
      ...(taxFreeAmount > 0 ? { taxFreeAmount } : {}),
      ...(method === "VIRTUAL_ACCOUNT" ? { virtualAccount: { validHours: paymentWindow.depositHours } } : {}),
      successUrl: returnAddress("success", target),
      failUrl: returnAddress("fail", target),
    });
}

function loadSdk(url: string): Promise<Sdk> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.addEventListener("load", () => resolve((globalThis as unknown as { TossPayments: Sdk }).TossPayments));
    script.addEventListener("error", () => reject(new Error("the SDK did not load")));
    document.head.append(script);
  });
}

/** On a computer the SDK reports a closed window here; on a phone it leads to the fail page itself. */
function leave({ target }: WindowRequest, error: unknown): void {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string") location.replace(returnAddress("fail", target, { code }));
  else show(t.value.failed, t.value.failedHint, returnAddress("fail", target, { code: "WINDOW_NOT_OPENED" }));
}

function show(title: string, hint: string, back: string | null): void {
  document.title = title;
  const [heading, text, link] = [document.createElement("h1"), document.createElement("p"), document.createElement("a")];
  heading.textContent = title;
  text.textContent = hint;
  link.textContent = t.value.back;
  link.className = "button";
  if (back !== null) link.href = back;
  document.querySelector("main")?.replaceChildren(heading, text, ...(back === null ? [] : [link]));
}
