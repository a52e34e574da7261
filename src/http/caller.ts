// Who calls.

type Role = "shopper" | "operator";
/**
 * `id` is a shopper's user id, or an operator's name. `rehearsal` marks a simulated buyer's token, so that the live metrics can
 * count its requests apart; the user's row decides the buyer's permissions.
 */
export type Caller = {
  id: string;
  role: Role;
  rehearsal?: true;
  /** An operator's permissions; absent: all of them. */
  permissions?: ReadonlySet<string>;
  /** A digest of the claim that identifies a natural person (AUTH_PERSON_CLAIM). */
  person?: string;
};
