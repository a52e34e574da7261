/** For idle connections that break: as a rule because the bench is over and PostgreSQL stops. Where one is needed, whoever needs it hears of it. */
export function ignore(): void {}
