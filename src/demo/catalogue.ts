// The demo's products and users: a potter's market day.

import type { NewProduct } from "../catalog/create-products.ts";

export const PRODUCTS: NewProduct[] = [
  {
    name: "한정판 백자 머그 · White porcelain mug",
    description: "이번 장날에만 나오는 백자 머그. 물레로 하나씩 빚었습니다. · Thrown on the wheel, one by one, for this market day only.",
    variants: [{ sku: "MUG-W", price: 32_000, stock: 500 }],
  },
  {
    name: "달항아리 · Moon jar",
    description: "거의 다 나갔습니다. · Nearly gone.",
    variants: [{ sku: "JAR-M", price: 480_000, stock: 3 }],
  },
  {
    name: "청자 찻잔 · Celadon tea cup",
    description: "다음 가마를 기다려 주세요. · Sold out until the next firing.",
    variants: [{ sku: "CUP-C", price: 28_000, stock: 0 }],
  },
  {
    name: "장날 티셔츠 · Market day T-shirt",
    description: "유기농 면. · Organic cotton.",
    variants: ["S", "M", "L", "XL"].flatMap((size, i) => [
      { sku: `TEE-INK-${size}`, options: { color: "먹색 · Ink", size }, price: 29_000 + (i === 3 ? 2_000 : 0), stock: 40 },
      { sku: `TEE-WHITE-${size}`, options: { color: "흰색 · White", size }, price: 29_000 + (i === 3 ? 2_000 : 0), stock: size === "M" ? 0 : 25 },
    ]),
  },
  {
    name: "제주 감귤 5kg · Jeju tangerines, 5 kg",
    description: "오늘 아침에 땄습니다. · Picked this morning.",
    variants: [{ sku: "TANG-5", price: 24_900, stock: 1_200 }],
  },
  {
    name: "호떡 굽는 틀 · Hotteok press",
    description: "무쇠. · Cast iron.",
    variants: [{ sku: "PRESS", price: 18_500, stock: 60 }],
  },
  {
    name: "겨울 한정 유자청 · Winter citron preserve",
    description: "아직 담그는 중입니다. · Still in the jar; not for sale yet.",
    status: "NOT_FOR_SALE",
    variants: [{ sku: "YUJA", price: 15_000, stock: 200 }],
  },
];

/** Balances are in won. */
export const USERS = [
  { name: "김민수", externalId: "demo-minsu", balance: 1_000_000 },
  { name: "이서연", externalId: "demo-seoyeon", balance: 300_000 },
  { name: "Alex Park", externalId: "demo-alex", balance: 50_000 },
  { name: "박지우", externalId: "demo-jiwoo", balance: 0 },
];
