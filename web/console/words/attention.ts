// Texts of money in doubt.

import { dictionary } from "../../shared/languages.ts";

const ko = {
  title: "확인이 필요한 결제",
  words: "결제사가 결과를 알려 주지 않아 사람이 확인해야 하는 금액입니다. 결제사 관리자 화면에서 확인한 뒤 결과를 입력해 주세요.",
  none: "확인이 필요한 결제가 없습니다.",
  what: "내용",
  PAYMENT: "결제 결과를 모름",
  CHARGE: "충전 결과를 모름",
  REFUND: "환불 결과를 모름",
  UNMATCHED_CAPTURE: "주문 없이 들어온 결제",
  GATEWAY_CANCEL: "결제사에서 취소됨",
  DEPOSIT_REVERSED: "은행이 입금을 취소함",
  why: "이유",
  paymentKey: "결제사 번호",
  resolve: "결과 입력",
  resolveAct: "이 결과로 처리",
  question: "결제사에서 확인한 결과",
  PAID: "결제됨: 돈이 상점에 있습니다",
  NOT_PAID: "결제되지 않음: 돈이 들어온 적이 없습니다",
  RETURNED: "돌려줌: 돈을 구매자에게 돌려주었습니다",
  resolveWords: "주문, 재고, 잔액이 이 결과대로 처리되며 되돌릴 수 없습니다.",
  resolved: "결과대로 처리했습니다.",
} as const;

const en = {
  title: "Payments that need attention",
  words:
    "Money whose outcome the gateway cannot tell, so that a person has to find out. Look it up in the gateway's dashboard, then enter the outcome.",
  none: "No payment needs attention.",
  what: "Matter",
  PAYMENT: "Outcome of a payment unknown",
  CHARGE: "Outcome of a charge unknown",
  REFUND: "Outcome of a refund unknown",
  UNMATCHED_CAPTURE: "Captured without an order",
  GATEWAY_CANCEL: "Cancelled at the gateway",
  DEPOSIT_REVERSED: "The bank took the deposit back",
  why: "Why",
  paymentKey: "Key at the gateway",
  resolve: "Enter the outcome",
  resolveAct: "Apply the outcome",
  question: "The outcome at the gateway",
  PAID: "Paid: the shop has the money",
  NOT_PAID: "Not paid: the money never came",
  RETURNED: "Returned: the buyer has the money back",
  resolveWords: "Order, stock and balance follow this outcome. It cannot be undone.",
  resolved: "The outcome was applied.",
} as const;

export const a = dictionary(ko, en);
