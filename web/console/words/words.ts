import { dictionary, language } from "../../shared/languages.ts";
import { accountWords } from "../../shared/account-words.ts";
import { CODE, DIFFERENCE, GATEWAY_REASON } from "./codes.ts";
import { en } from "./en.ts";
import { ko } from "./ko.ts";
import { p } from "./products.ts";

/** The console's texts in the current language. */
export const t = dictionary(ko, en);

type Pair = readonly [ko: string, en: string];

const STATUS: Record<string, Pair> = {
  ON_SALE: ["판매 중", "On sale"],
  SOLD_OUT: ["품절", "Sold out"],
  NOT_FOR_SALE: ["판매 안 함", "Not for sale"],
  UPCOMING: ["예정", "Upcoming"],
  OPEN: ["진행 중", "Open"],
  PAUSED: ["일시 중지", "Paused"],
  CLOSED: ["마감", "Closed"],
  PENDING: ["대기", "Pending"],
  COMPLETED: ["완료", "Completed"],
  PARTIALLY_REFUNDED: ["부분 환불", "Partially refunded"],
  REFUNDED: ["환불", "Refunded"],
  CANCELLED: ["취소", "Cancelled"],
  EXPIRED: ["만료", "Expired"],
  UNKNOWN: ["확인 중", "In doubt"],
  WAITING_FOR_DEPOSIT: ["입금 대기", "Awaiting deposit"],
  FAILED: ["실패", "Failed"],
  WAITING: ["대기", "Waiting"],
  HELD: ["확보", "Held"],
  ORDERED: ["주문함", "Ordered"],
  BOUGHT: ["구매 완료", "Bought"],
  LAPSED: ["시간 초과", "Lapsed"],
  LEFT: ["포기", "Left"],
  LOST: ["미당첨·소진", "Lost"],
  DELIVERED: ["전달됨", "Delivered"],
  DEAD: ["전송 실패", "Dead"],
  REQUESTED: ["요청됨", "Requested"],
  RECEIVED: ["입고됨", "Received"],
  REJECTED: ["반려됨", "Rejected"],
  WITHDRAWN: ["철회됨", "Withdrawn"],
  REVOKE: ["회수", "Revoke"],
  CHARGE: ["충전", "Charge"],
  PAYMENT: ["결제", "Payment"],
  REFUND: ["환불", "Refund"],
  GRANT: ["지급", "Grant"],
  PREPARING: ["준비", "Preparing"],
  RUNNING: ["진행 중", "Running"],
  TIDYING: ["정리 중", "Cleaning up"],
  AUDITING: ["감사 중", "Auditing"],
  DONE: ["완료", "Done"],
  STOPPED: ["중단됨", "Stopped"],
  ABANDONED: ["중단됨", "Abandoned"],
};

const FULFILMENT: Record<string, Pair> = {
  NONE: ["발송 전", "Not shipped"],
  PREPARING: ["준비 중", "Preparing"],
  PARTIALLY_SHIPPED: ["일부 발송", "Partly shipped"],
  SHIPPED: ["발송됨", "Shipped"],
  DELIVERED: ["배송 완료", "Delivered"],
};

const EVENT: Record<string, Pair> = {
  "order.placed": ["주문됨", "Placed"],
  "order.completed": ["결제됨", "Paid"],
  "order.cancelled": ["취소됨", "Cancelled"],
  "order.expired": ["만료됨", "Expired"],
  "order.refunded": ["전부 환불됨", "Refunded"],
  "order.partially-refunded": ["일부 환불됨", "Partially refunded"],
  "order.preparing": ["상품 준비", "Preparing"],
  "order.shipped": ["발송됨", "Shipped"],
  "order.delivered": ["배송 완료", "Delivered"],
  "return.requested": ["반품 요청", "Return requested"],
  "return.received": ["반품 입고", "Return received"],
  "return.rejected": ["반품 반려", "Return rejected"],
  "return.withdrawn": ["반품 철회", "Return withdrawn"],
  "payment.unknown": ["결제 확인 중", "Payment in doubt"],
  "payment.declined": ["결제 거절", "Payment declined"],
  "coupon.issued": ["쿠폰 발급", "Coupon issued"],
  "stock.sold-out": ["품절", "Sold out"],
  "stock.back": ["재입고", "Back in stock"],
  "drop.opened": ["드롭 시작", "Drop opened"],
  "drop.sold-out": ["드롭 소진", "Drop sold out"],
  "drop.closed": ["드롭 종료", "Drop closed"],
  "drop.drawn": ["추첨", "Drawn"],
  "entry.held": ["수량 확보", "Entry held"],
  "entry.lapsed": ["확보 만료", "Hold lapsed"],
  "user.erased": ["탈퇴 처리", "User erased"],
};

/** An unknown name is shown unchanged. */
const wordOf =
  (words: Record<string, Pair>) =>
  (name: string): string =>
    words[name]?.[language.value === "ko" ? 0 : 1] ?? name;

export const statusWord = wordOf(STATUS);
export const fulfilmentWord = wordOf(FULFILMENT);
export const codeWord = wordOf(CODE);
export const eventWord = wordOf(EVENT);
export const differenceWord = wordOf(DIFFERENCE);
export const gatewayReason = wordOf(GATEWAY_REASON);

/** Color and size in the operator's language; any other option as the shop calls it. */
export function optionLabel(name: string): string {
  const known: Record<string, string> = { color: t.value.color, size: t.value.size };
  return Object.hasOwn(known, name.toLowerCase()) ? (known[name.toLowerCase()] as string) : name;
}

/** The labels of request fields in forms. */
const FIELDS = {
  name: "name",
  price: "price",
  stock: "stock",
  description: "description",
  options: "options",
  delta: "delta",
  reason: "reason",
  amount: "amount",
  rate: "rate",
  maxAmount: "maxDiscount",
  minOrderAmount: "minOrder",
  totalQuantity: "quantity",
  opensAt: "opens",
  closesAt: "closes",
  validDays: "validDays",
  buyers: "buyers",
  arriveWithinMs: "withinSeconds",
  userId: "user",
  quantity: "quantity",
  from: "since",
  to: "until",
  externalId: "externalId",
} as const;

/** Those of the products' forms. */
export const PRODUCT_FIELDS = {
  metadata: "metadata",
  images: "pictures",
  url: "pictures",
  alt: "pictures",
  imageUrl: "ownPicture",
  tags: "tags",
  taxFreeAmount: "taxFree",
} as const;

/** Those of the account to which a deposit goes back. */
const ACCOUNT_FIELDS = { refundReceiveAccount: "refundAccount", bank: "bank", accountNumber: "accountNumber", holderName: "accountHolder" } as const;

function fieldLabel(name: string): string | undefined {
  if (name === "sku") return "SKU";
  if (name in ACCOUNT_FIELDS) return accountWords.value[ACCOUNT_FIELDS[name as keyof typeof ACCOUNT_FIELDS]];
  if (name in FIELDS) return t.value[FIELDS[name as keyof typeof FIELDS]];
  return name in PRODUCT_FIELDS ? p.value[PRODUCT_FIELDS[name as keyof typeof PRODUCT_FIELDS]] : undefined;
}

/** The label of the field that a JSON pointer names; row `3` is the fourth. Returns the pointer if no form has the field. */
export function fieldWord(pointer: string): string {
  const parts = pointer.split("/").slice(1);
  const word = fieldLabel(parts.findLast((part) => !/^\d+$/.test(part)) ?? "") ?? (parts.includes("metadata") ? p.value.metadata : undefined);
  if (word === undefined) return pointer;
  const row = parts.find((part) => /^\d+$/.test(part));
  return row === undefined ? word : `${word} (${Number(row) + 1})`;
}
