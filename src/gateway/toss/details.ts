// The parts of a gateway payment that people read: its method, company, approval and receipt. Of a card number only the last four characters, as
// the gateway has masked them.

import type { GatewayMethod } from "../../payment-settings.ts";
import type { GatewayDetails } from "../gateway.ts";

type Fields = Record<string, unknown>;

const METHODS: Record<string, GatewayMethod> = {
  카드: "CARD",
  간편결제: "EASY_PAY",
  계좌이체: "TRANSFER",
  가상계좌: "VIRTUAL_ACCOUNT",
};

/** Companies by the gateway's code. */
const ISSUERS: Record<string, string> = {
  "11": "KB국민카드",
  "15": "카카오뱅크",
  "21": "하나카드",
  "24": "토스뱅크",
  "30": "산업은행",
  "31": "BC카드",
  "33": "우리BC카드",
  "34": "수협은행",
  "35": "전북은행",
  "36": "씨티카드",
  "37": "우체국",
  "38": "새마을금고",
  "39": "저축은행",
  "3A": "케이뱅크",
  "3K": "기업비씨",
  "41": "신한카드",
  "42": "제주은행",
  "46": "광주은행",
  "51": "삼성카드",
  "61": "현대카드",
  "62": "신협",
  "71": "롯데카드",
  "91": "NH농협카드",
  W1: "우리카드",
};

const BANKS: Record<string, string> = {
  "02": "산업은행",
  "03": "기업은행",
  "06": "KB국민은행",
  "07": "수협은행",
  "11": "NH농협은행",
  "20": "우리은행",
  "23": "SC제일은행",
  "27": "씨티은행",
  "31": "iM뱅크",
  "32": "부산은행",
  "34": "광주은행",
  "35": "제주은행",
  "37": "전북은행",
  "39": "경남은행",
  "45": "새마을금고",
  "48": "신협",
  "71": "우체국",
  "81": "하나은행",
  "88": "신한은행",
  "89": "케이뱅크",
  "90": "카카오뱅크",
  "92": "토스뱅크",
};

/** Null if the gateway names no method yet. A part that cannot be read is left out: no outcome depends on it. */
export function readDetails(payment: Fields): GatewayDetails | null {
  const { method: named } = payment;
  if (typeof named !== "string") return null;
  const [card, easyPay, transfer, account, receipt] = ["card", "easyPay", "transfer", "virtualAccount", "receipt"].map((name) =>
    partOf(payment[name]),
  );
  const method = METHODS[named] ?? null;
  const approvedAt = instant(payment["approvedAt"]);
  const deposit = method === "VIRTUAL_ACCOUNT" && account ? depositOf(account) : undefined;
  return {
    method: method ?? "OTHER",
    company: short(easyPay?.["provider"]) ?? ISSUERS[code(card?.["issuerCode"])] ?? BANKS[code((transfer ?? account)?.["bankCode"])] ?? null,
    lastDigits: /[\d*]{4}$/.exec(short(card?.["number"]) ?? "")?.[0] ?? null,
    approvalNumber: /^[A-Za-z0-9]{1,20}$/.exec(short(card?.["approveNo"]) ?? "")?.[0] ?? null,
    approvedAt: approvedAt === null ? null : new Date(approvedAt).toISOString(),
    receiptUrl: receiptUrl(receipt?.["url"]),
    ...(deposit ? { deposit } : {}),
  };
}

function depositOf(account: Fields): GatewayDetails["deposit"] {
  const bankCode = code(account["bankCode"]);
  const accountNumber = /^[\d-]{4,30}$/.exec(short(account["accountNumber"]) ?? "")?.[0];
  const dueAt = instant(account["dueDate"]);
  if (accountNumber === undefined || dueAt === null) return undefined;
  return { bankCode, bank: BANKS[bankCode] ?? null, accountNumber, dueAt: new Date(dueAt).toISOString() };
}

function partOf(value: unknown): Fields | undefined {
  return value !== null && typeof value === "object" ? (value as Fields) : undefined;
}

function short(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= 100 ? value : null;
}

function code(value: unknown): string {
  return short(value) ?? "";
}

/** In ms; a time without a zone is Korean time. */
function instant(value: unknown): number | null {
  const text = short(value) ?? "";
  const at = Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}+09:00`);
  return Number.isNaN(at) ? null : at;
}

function receiptUrl(value: unknown): string | null {
  return typeof value === "string" && value.length <= 500 && URL.canParse(value) && new URL(value).protocol === "https:" ? value : null;
}
