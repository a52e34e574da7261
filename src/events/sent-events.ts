// Which types of events sinks are told of.

/** Returns whether events of a type are sent. @param patterns of types, in which `*` stands for any text */
export function isSentBy(patterns: readonly string[]): (type: string) => boolean {
  const expressions = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`));
  return (type) => expressions.some((expression) => expression.test(type));
}
