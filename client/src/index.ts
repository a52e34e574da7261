export { isRefusal, isUndecided, type ProblemCode, Refused, Unreachable } from "./errors.ts";
export type * from "./generated/types.gen.ts";
export type { Retry } from "./send.ts";
export { type Answer, type Body, type CodeOf, createShop, everyPage, type OperationName, type Shop, type ShopOptions } from "./shop.ts";
