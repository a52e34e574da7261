// The pages of the simulator's payment window, and its stand-in for the gateway's browser SDK.

import { amountToWire } from "../toss/amounts.ts";
import type { WindowAct } from "./payment-window.ts";

type ShownWindow = { orderName: string; amount: number; way: string };

const WAY_NAMES: Record<string, string> = { CARD: "카드", EASY_PAY: "간편결제", TRANSFER: "계좌이체", VIRTUAL_ACCOUNT: "가상계좌" };

const ACT_NAMES: Record<WindowAct, string> = { pay: "결제하기", refuse: "카드사에서 거절", delay: "카드사 응답 지연", leave: "닫기" };

/** The page of an open window. */
export function windowPage(id: string, { orderName, amount, way }: ShownWindow, currency: string): string {
  const price = new Intl.NumberFormat("ko", { style: "currency", currency }).format(amountToWire(amount, currency));
  const button = (act: string, label: string): string => `<button name="act" value="${act}">${label}</button>`;
  return `<!doctype html>
<html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>모의 결제창</title>
<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:24rem;padding:0 1rem}button{display:block;width:100%;min-height:48px;margin:.5rem 0;font:inherit}</style>
<h1>모의 결제창</h1>
<p>실제 결제가 아닙니다.</p>
<p>${escape(orderName)}<br><strong>${escape(price)}</strong> · ${WAY_NAMES[way] ?? escape(way)}</p>
<form method="post" action="/simulator/windows/${id}">${Object.entries(ACT_NAMES)
    .map(([act, label]) => button(act, label))
    .join("")}</form>
</html>
`;
}

/**
 * A stand-in for \`https://js.tosspayments.com/v2/standard\`: \`TossPayments(clientKey).payment({customerKey}).requestPayment({…})\` leads to
 * the window, as the SDK does on phones. The window's arguments are checked as strictly as the gateway's.
 */
export const SDK_SCRIPT = `(() => {
  const origin = new URL(document.currentScript.src).origin;
  globalThis.TossPayments = (clientKey) => ({
    payment: ({ customerKey }) => ({
      async requestPayment(wanted) {
        const answer = await fetch(origin + "/simulator/windows", {
          method: "POST",
          headers: { "content-type": "text/plain" },
          body: JSON.stringify({ ...wanted, clientKey, customerKey }),
        });
        const opened = await answer.json();
        if (!answer.ok) throw Object.assign(new Error(opened.message), { code: opened.code });
        location.assign(origin + "/simulator/windows/" + opened.id);
        return new Promise(() => {});
      },
    }),
  });
})();
`;

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
