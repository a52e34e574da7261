// Products that another system keeps: sent by their external ids, one at a time or all at once.

import Type from "typebox";
import { LINES_TYPE } from "../http/bodies.ts";
import { type Routes, submit } from "../http/route.ts";
import { Query } from "../http/schemas.ts";
import { ImportLine, ProductKey, PutBody } from "./catalog.bodies.ts";
import { PutProductSchema } from "./catalog.schemas.ts";
import { CatalogImporter, type ImportParts } from "./import-catalog.ts";
import { putProduct } from "./put-product.ts";

const LINE = `A line of the answer: \`{line, externalId, id, result: CREATED | UPDATED | UNCHANGED, warnings?}\` or \`{line, externalId?, problem}\`, in the order of the lines sent; the last one has the counts: \`{lines, created, updated, unchanged, refused}\``;

export function syncAdminRoutes(routes: Routes, parts: ImportParts): void {
  const { database } = parts;
  const put = putProduct(database);
  routes.write(
    {
      method: "PUT",
      path: "/admin/products/by-external-id/{externalId}",
      operationId: "putProduct",
      audience: "operator",
      permission: "catalog",
      tag: "Catalog",
      summary: "Make or change the product with this external id",
      description:
        "201 if it was made, 200 if it was there. A member that is left out stays as it is; one that is sent is set, lists and `metadata` as a whole. Variants are matched by SKU, or else by equal options. Missing ones are added, and those that are not named are set NOT_FOR_SALE. `stock` counts only for variants that are made: `warnings` names each stock that was ignored. Sent again, nothing changes.",
      params: Type.Object({ externalId: ProductKey("The product's key in another system") }),
      body: PutBody,
      answers: { 200: PutProductSchema, 201: PutProductSchema },
    },
    ({ params: { externalId }, body }) => submit(put, { sent: { ...body, externalId } }),
  );

  const importer = new CatalogImporter(parts);
  routes.lines(
    {
      method: "POST",
      path: "/admin/catalog/import",
      operationId: "importCatalog",
      audience: "operator",
      permission: "catalog",
      lines: true,
      tag: "Catalog",
      summary: "Make or change many products, one a line",
      description:
        "NDJSON, up to 64 MiB, streamed both ways. Each line is a product as in `PUT /admin/products/by-external-id/{externalId}`, with its `externalId`, and is all or nothing. Lines count from 1 and blank ones are skipped. The later of two lines with one `externalId` wins. A line that changes nothing writes nothing, so an import that broke off is sent again as a whole; it needs no Idempotency-Key. Beyond 64 MiB the last line of the answer has a `problem`.",
      query: Query({ dryRun: Type.Optional(Type.Boolean({ description: "Changes nothing; a line that would be UPDATED has its `changes`" })) }),
      body: ImportLine,
      mediaType: LINES_TYPE,
      answers: { 200: Type.String({ description: LINE }) },
    },
    ({ query: { dryRun = false } }, body) => ({ changes: !dryRun, run: () => importer.run(body, dryRun) }),
  );
}
