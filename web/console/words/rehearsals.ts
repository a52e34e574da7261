// Texts of the rehearsal of a drop.

import { dictionary, formatNumber } from "../../shared/languages.ts";

const ko = {
  drop: "드롭",
  lead: "이 드롭을 그대로 복사해 가상 구매자로 예행연습을 합니다. 판매 방식, 1인당 한도, 대기열이 같습니다.",
  words:
    "가상 구매자가 드롭의 복사본에서 줄을 서거나 응모하고, 차례가 되면 실제 HTTP로 주문합니다. 복사본은 구매자에게 보이지 않으며, 끝나면 모든 주문을 환불하고 복사본을 마감합니다. 매출과 데이터 플랫폼에는 포함되지 않습니다.",
  shortHolds: "확보 시간은 길어도 5초로 줄여, 수량이 다음 차례로 넘어가는 모습을 볼 수 있게 합니다.",
  giveUp: "확보 후 포기하는 구매자 (%)",
  giveUpHint: "포기한 수량은 다음 차례로 넘어갑니다",
  manyAccounts: "계정을 여러 개 쓰는 사람 (%)",
  manyAccountsHint: "한 사람이 계정 3개로 시도합니다",
  withCoupon: "쿠폰도 함께 (선택)",
  ofDrop: "드롭 예행연습",
  toDrop: "드롭으로",
  again: "다시 연습",
  entries: "참여",
  outcome: "드롭의 결과",
  sold: "판매",
  soldOutAfter: "소진까지",
  notSoldOut: "소진되지 않음",
  lapsed: "확보 만료",
  accounts: "계정을 여러 개 쓴 사람",
  accountsWords: (people: number, accounts: number, units: number, most: number) =>
    `${formatNumber(people)}명이 계정 ${formatNumber(accounts)}개로 ${formatNumber(units)}개를 샀습니다. 한 사람이 산 최대 수량은 ${formatNumber(most)}개입니다.`,
  overLimit: (limit: number) =>
    `1인당 한도 ${formatNumber(limit)}개를 넘었습니다. 로그인 서비스가 본인을 식별하는 값을 토큰에 넣고 상점이 AUTH_PERSON_CLAIM으로 읽어야 막을 수 있습니다.`,
  withinLimit: (limit: number) => `1인당 한도 ${formatNumber(limit)}개를 넘지 않았습니다.`,
} as const;

const en = {
  drop: "Drop",
  lead: "Rehearse a copy of exactly this drop with simulated buyers: the same mode, limit and waiting list.",
  words:
    "Simulated buyers enter or wait in line at a copy of the drop, and order over real HTTP when it is their turn. Shoppers do not see the copy. Afterwards all orders are refunded and the copy is closed. Sales figures and the data platform do not include a rehearsal.",
  shortHolds: "Holds last five seconds at most, so that you see units pass on to the next in line.",
  giveUp: "Buyers who give up their hold (%)",
  giveUpHint: "their units pass on to the next in line",
  manyAccounts: "People with several accounts (%)",
  manyAccountsHint: "each tries with three accounts",
  withCoupon: "A coupon too (optional)",
  ofDrop: "Rehearsal of a drop",
  toDrop: "To the drop",
  again: "Rehearse again",
  entries: "Entries",
  outcome: "The drop's result",
  sold: "Sold",
  soldOutAfter: "Sold out after",
  notSoldOut: "not sold out",
  lapsed: "Holds lapsed",
  accounts: "People with several accounts",
  accountsWords: (people: number, accounts: number, units: number, most: number) =>
    `${formatNumber(people)} people with ${formatNumber(accounts)} accounts bought ${formatNumber(units)} units; one of them bought ${formatNumber(most)}.`,
  overLimit: (limit: number) =>
    `That is above the limit of ${formatNumber(limit)} per person. To prevent it, the sign-in service has to put a claim that identifies the person into its tokens, and AUTH_PERSON_CLAIM has to name it.`,
  withinLimit: (limit: number) => `That is within the limit of ${formatNumber(limit)} per person.`,
} as const;

export const r = dictionary(ko, en);
