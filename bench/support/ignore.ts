/** Ignores errors of idle connections, which mostly break because PostgreSQL stops at the end. Queries report their own errors. */
export function ignore(): void {}
