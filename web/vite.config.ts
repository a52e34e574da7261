// Builds the pages that the shop serves. The result is committed (web/dist), so that a shop starts without a build.

import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  // The server shares the CSV reader and uses the parser's build for Node.
  resolve: { alias: { "csv-parse/sync": "csv-parse/browser/esm/sync" } },
  build: {
    outDir: process.env["WEB_OUT"] ?? "dist",
    emptyOutDir: true,
    // These versions support light-dark() and all other features of the pages.
    target: ["chrome123", "edge123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { storefront: "index.html", console: "console/index.html", pay: "pay/index.html" } },
  },
  plugins: [compressed()],
  logLevel: "warn",
});

/** Writes each file compressed with brotli and gzip as well, so that the shop compresses nothing at run time. */
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
