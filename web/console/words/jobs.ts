// Names, schedules and results of jobs.

import { formatNumber, language } from "../../shared/languages.ts";

type Pair = readonly [ko: string, en: string];

const NAME: Record<string, Pair> = {
  "aggregate-sales": ["매출 집계", "Aggregate sales"],
  "snapshot-popular": ["인기 상품 기록", "Record popular products"],
  "recount-sales": ["매출 재집계", "Recount sales"],
  "expire-orders": ["주문 만료", "Expire orders"],
  "expire-coupons": ["쿠폰 만료", "Expire coupons"],
  "expire-holds": ["확보 시간 만료", "Expire holds"],
  "run-draws": ["추첨", "Run draws"],
  "settle-payments": ["결제 확인", "Settle payments"],
  "relay-events": ["이벤트 전달", "Relay events"],
  "move-orders": ["이전 버전 주문 이전", "Move orders of the version before"],
  "close-journal": ["중단된 운영 기록 정리", "Close the journal of crashed work"],
  purge: ["오래된 데이터 삭제", "Purge"],
};

/** The parts of a job's result. */
const RESULT: Record<string, Pair> = {
  events: ["이벤트", "events"],
  rowsMade: ["새 집계", "new rows"],
  rowsAdded: ["갱신한 집계", "updated rows"],
  day: ["기준일", "day"],
  from: ["시작일", "from"],
  to: ["종료일", "to"],
  deleted: ["삭제", "deleted"],
  products: ["상품", "products"],
  rows: ["집계", "rows"],
  corrected: ["수정", "corrected"],
  expired: ["만료", "expired"],
  drawn: ["추첨", "drawn"],
  settled: ["확인 완료", "settled"],
  unknown: ["결과 미확인", "unknown"],
  moved: ["이전", "moved"],
  olderInstances: ["이전 버전 인스턴스", "older instances"],
  dead: ["전송 실패", "dead"],
  waiting: ["대기", "waiting"],
  delivered: ["전송 완료", "delivered"],
  rounds: ["처리 기록", "rounds"],
  deliveries: ["전송 기록", "deliveries"],
  chargeIntents: ["충전 요청", "charge intents"],
  journalEntries: ["운영 기록", "journal entries"],
  consoleSessions: ["로그인", "sign-ins"],
  idempotencyKeys: ["중복 방지 키", "idempotency keys"],
  closed: ["정리", "closed"],
};

/** JSON of the database has no order of its own. */
const ORDER = Object.keys(RESULT);

const at = (): 0 | 1 => (language.value === "ko" ? 0 : 1);

/** An unknown name is shown unchanged. */
export const jobWord = (name: string): string => NAME[name]?.[at()] ?? name;

/** The parts that are not zero. */
export function resultWords(result: unknown): string {
  if (typeof result !== "object" || result === null) return "–";
  const parts = Object.entries(result)
    .filter(([, value]) => value !== 0)
    .sort(([a], [b]) => ORDER.indexOf(a) - ORDER.indexOf(b))
    .map(([name, value]) => `${RESULT[name]?.[at()] ?? name} ${textOf(value)}`);
  return parts.length > 0 ? parts.join(" · ") : (["변경 없음", "no changes"] as const)[at()];
}

function textOf(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const DAYS: readonly Pair[] = [
  ["일요일", "Sunday"],
  ["월요일", "Monday"],
  ["화요일", "Tuesday"],
  ["수요일", "Wednesday"],
  ["목요일", "Thursday"],
  ["금요일", "Friday"],
  ["토요일", "Saturday"],
];

/** A cron schedule in words. Another form than those of the shop's jobs is shown unchanged. */
export function scheduleWords(schedule: string): string {
  const parts = /^(\*|(?:\*\/)?\d+) (\*|\d+) \* \* (\*|[0-6])$/.exec(schedule);
  if (parts === null) return schedule;
  const [minute, hour, day] = parts.slice(1) as [string, string, string];
  const isKo = language.value === "ko";
  if (hour === "*") {
    if (day !== "*") return schedule;
    const every = minute === "*" ? 1 : minute.startsWith("*/") ? Number(minute.slice(2)) : null;
    if (every !== null) return isKo ? `${every}분마다` : every === 1 ? "every minute" : `every ${every} minutes`;
    if (minute === "0") return isKo ? "매시 정각" : "every hour";
    return isKo ? `매시 ${minute}분` : `every hour at :${minute.padStart(2, "0")}`;
  }
  if (!/^\d+$/.test(minute)) return schedule;
  const time = `${hour}:${minute.padStart(2, "0")}`;
  const name = day === "*" ? undefined : DAYS[Number(day)]?.[at()];
  if (name === undefined) return isKo ? `매일 ${time}` : `every day at ${time}`;
  return isKo ? `매주 ${name} ${time}` : `every ${name} at ${time}`;
}
