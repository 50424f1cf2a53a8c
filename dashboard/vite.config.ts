import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

// The API serves the page with this policy; the development server sends it too, so that what it forbids shows at once.
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const api = process.env.GOTONG_URL ?? "http://127.0.0.1:8080";

/**
 * Fails the build when a reader would wait longer for the first page than they should: counts, compressed, the script of
 * the page and all that it cannot begin without.
 */
function budget(limit: number): Plugin {
  return {
    name: "javascript-budget",
    apply: "build",
    async writeBundle(_, bundle) {
      const { gzipSync } = await import("node:zlib");
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const initial = new Set(chunks.filter((chunk) => chunk.isEntry));
      for (const chunk of initial) {
        for (const other of chunks) if (chunk.imports.includes(other.fileName)) initial.add(other);
      }
      const size = [...initial].reduce((sum, chunk) => sum + gzipSync(chunk.code).length, 0);
      if (size > limit) this.error(`the initial JavaScript is ${size} bytes compressed; the limit is ${limit}`);
      this.info(`the initial JavaScript is ${size} bytes compressed, of at most ${limit}`);
    },
  };
}

export default defineConfig({
  base: "/dashboard/",
  plugins: [react(), budget(200_000)],
  build: {
    target: "es2022",
    // A data: URL would count as another source for the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": api, "/health": api } },
  preview: { headers: { "content-security-policy": policy }, proxy: { "/api": api, "/health": api } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
