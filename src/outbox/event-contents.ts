// What sinks are told: which types of events, and with which data.

export type EventContents = {
  /** Patterns of types, in which `*` stands for any text. */
  types: readonly string[];
  /** The shop's, which order numbers depend on. */
  timezone: string;
  /** Whether events have the addresses and notes of orders. */
  personalData: boolean;
};

export const ALL_EVENTS: EventContents = { types: ["*"], timezone: "UTC", personalData: false };
