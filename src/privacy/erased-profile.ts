import { viewOf } from "../balance/edit-user.ts";
import type { Profile } from "../balance/profile.sql.ts";

/** The profile of a user without personal data. @param erasedAt in ms */
export function erasedProfile(id: string, erasedAt: number): Profile {
  return { id, name: "", externalId: null, metadata: {}, erasedAt };
}

/** The response to the erasure of a user. */
export function erasureResponse(id: string): string {
  return JSON.stringify(viewOf(erasedProfile(id, 0)));
}
