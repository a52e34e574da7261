import Type from "typebox";
import { REFUSALS, type RefusalCode, refuse } from "../refusal.ts";
import { problemType } from "../problem.ts";
import type { Routes } from "./route.ts";
import { OneOf } from "./schemas.ts";

const CODES = Object.keys(REFUSALS) as RefusalCode[];
const BY_TYPE = new Map(CODES.map((code) => [problemType(code), code]));

/** Explains each problem code at the path in its `type`. */
export function problemRoutes(routes: Routes): void {
  routes.read(
    {
      method: "GET",
      path: "/problems/{slug}",
      operationId: "explainProblem",
      audience: "anyone",
      tag: "Operations",
      summary: "Explain a problem `type`",
      description: "The status and both texts of a refusal code. The `type` of each problem document is such a path.",
      params: Type.Object({ slug: Type.String({ description: "The code in lower case, with hyphens" }) }),
      answers: {
        200: Type.Object(
          { type: Type.String({ format: "uri-reference" }), code: OneOf(CODES), status: Type.Integer(), ko: Type.String(), en: Type.String() },
          { title: "ProblemType" },
        ),
      },
      refusals: ["NOT_FOUND"],
    },
    ({ params: { slug } }) => {
      const type = `/problems/${slug}`;
      const code = BY_TYPE.get(type) ?? refuse("NOT_FOUND");
      return { type, code, ...REFUSALS[code] };
    },
  );
}
