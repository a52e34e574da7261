// Texts of one campaign.

import { dictionary, formatNumber } from "../../shared/languages.ts";

const ko = {
  visibility: "공개 범위",
  PUBLIC: "공개",
  PUBLICwords: "누구나 쿠폰 페이지에서 받을 수 있습니다.",
  PRIVATE: "비공개",
  PRIVATEwords: "운영자가 발급한 사용자만 갖습니다. 구매자에게는 보이지 않습니다.",
  issued: "발급",
  void: "모두 무효 처리",
  voidWords: "아직 사용하지 않은 쿠폰을 모두 쓸 수 없게 합니다. 이미 사용된 쿠폰과 주문은 그대로이며, 되돌릴 수 없습니다.",
  voided: (count: number) => `쿠폰 ${formatNumber(count)}장을 무효 처리했습니다.`,
  closed: "쿠폰 발급을 마감했습니다.",
  issueMany: "여러 사용자에게 발급",
  issueWords: "사용자 번호를 한 줄에 하나씩 적거나, 사용자 번호 열이 있는 CSV 파일을 선택합니다. 이미 받은 사용자에게는 다시 발급하지 않습니다.",
  users: "사용자 번호",
  file: "CSV 파일",
  issueAct: (count: number) => `${formatNumber(count)}명에게 발급`,
  issueAllWords: (count: number, name: string) =>
    `“${name}” 쿠폰을 ${formatNumber(count)}명에게 발급합니다. 수량이 모자라면 아무에게도 발급하지 않습니다.`,
  issuedTo: (issued: number, had: number) =>
    `${formatNumber(issued)}명에게 발급했습니다.${had > 0 ? ` ${formatNumber(had)}명은 이미 갖고 있었습니다.` : ""}`,
  faulty: (count: number) => `잘못된 줄이 ${formatNumber(count)}개 있습니다.`,
  lineFault: (line: number, cell: string) => `${line}번째 줄: 사용자 번호가 아닙니다: “${cell}”`,
  tooMany: (most: number) => `한 번에 ${formatNumber(most)}명까지 발급할 수 있습니다.`,
} as const;

const en = {
  visibility: "Visibility",
  PUBLIC: "Public",
  PUBLICwords: "Anyone can claim it on the page of coupons.",
  PRIVATE: "Private",
  PRIVATEwords: "Only users to whom an operator issues it have it. Shoppers do not see it.",
  issued: "Issued",
  void: "Void all",
  voidWords: "Makes all coupons unusable that are not used yet. Used coupons and their orders stay. This cannot be undone.",
  voided: (count: number) => `${formatNumber(count)} ${count === 1 ? "coupon was" : "coupons were"} voided.`,
  closed: "The campaign is closed.",
  issueMany: "Issue to many users",
  issueWords: "Type one user ID per line, or choose a CSV file with a column of user IDs. A user who has the coupon does not get another.",
  users: "User IDs",
  file: "CSV file",
  issueAct: (count: number) => `Issue to ${formatNumber(count)} ${count === 1 ? "user" : "users"}`,
  issueAllWords: (count: number, name: string) =>
    `Issues “${name}” to ${formatNumber(count)} ${count === 1 ? "user" : "users"}. If not enough coupons are left, nobody gets one.`,
  issuedTo: (issued: number, had: number) => `Issued to ${formatNumber(issued)}.${had > 0 ? ` ${formatNumber(had)} had it before.` : ""}`,
  faulty: (count: number) => `${formatNumber(count)} faulty ${count === 1 ? "line" : "lines"}.`,
  lineFault: (line: number, cell: string) => `Line ${line}: not a user ID: “${cell}”`,
  tooMany: (most: number) => `At most ${formatNumber(most)} users at once.`,
} as const;

export const c = dictionary(ko, en);
