// Builds the pages that the shop serves. What comes out is committed (web/dist), so that a shop starts without a step before.

import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The files' reader is shared with Node's side, which has the other build of the parser.
  resolve: { alias: { "csv-parse/sync": "csv-parse/browser/esm/sync" } },
  build: {
    outDir: process.env["WEB_OUT"] ?? "dist",
    emptyOutDir: true,
    // Each knows light-dark() and everything else that the pages are written in.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { storefront: "index.html", console: "console/index.html" } },
  },
  plugins: [compressed()],
  logLevel: "warn",
});

/** Beside each file stands the same for browsers that take brotli or gzip, so that the shop compresses nothing while it sells. */
function compressed(): Plugin {
  return {
    name: "compressed",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        for (const output of Object.values(bundle)) {
          const bytes = Buffer.from(output.type === "chunk" ? output.code : output.source);
          const brotli = brotliCompressSync(bytes, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
          });
          this.emitFile({ type: "asset", fileName: `${output.fileName}.br`, source: brotli });
          this.emitFile({ type: "asset", fileName: `${output.fileName}.gz`, source: gzipSync(bytes, { level: 9 }) });
        }
      },
    },
  };
}
