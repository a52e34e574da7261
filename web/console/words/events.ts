// Texts of the page of events.

import { dictionary, formatNumber } from "../../shared/languages.ts";

const ko = {
  sinks: "데이터 플랫폼",
  sink: "데이터 플랫폼",
  waiting: "대기",
  dead: "전송 실패",
  state: "연결",
  works: "정상",
  replayAll: "실패한 이벤트 모두 다시 보내기",
  replayAct: (count: number) => `${formatNumber(count)}건 다시 보내기`,
  replayWords: (sink: string) => `“${sink}”에 전송하지 못한 이벤트를 모두 다시 보냅니다. 같은 주문의 이벤트는 순서대로 전달됩니다.`,
  replayed: (count: number) => `이벤트 ${formatNumber(count)}건을 다시 보내는 중입니다.`,
  none: "조건에 맞는 이벤트가 없습니다.",
} as const;

const en = {
  sinks: "Data platforms",
  sink: "Data platform",
  waiting: "Waiting",
  dead: "Dead",
  state: "State",
  works: "Works",
  replayAll: "Send all dead events again",
  replayAct: (count: number) => `Send ${formatNumber(count)} again`,
  replayWords: (sink: string) => `Sends all events again that “${sink}” refused. Events of the same order keep their order.`,
  replayed: (count: number) => `${formatNumber(count)} ${count === 1 ? "event is" : "events are"} being sent again.`,
  none: "No events match.",
} as const;

export const e = dictionary(ko, en);
