import type { RouteMeter } from "./metrics.ts";
import type { Audience } from "./route-definition.ts";

/** The parts of a route's declaration that each of its requests needs, found without asking the framework. */
export type RoutePlan = {
  readonly audience: Audience;
  readonly optionalToken: boolean;
  /** The headers of a request on which the answer depends; "" if there are none. */
  readonly vary: string;
  readonly meter: RouteMeter;
};
