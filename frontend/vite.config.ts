import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: "../src/premask/server/static",
    emptyOutDir: true,
    target: "es2022",
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  // Properties run hundreds of cases; a loaded machine must not fail them.
  test: {
    include: ["src/**/*.test.ts"],
    setupFiles: ["properties.setup.js"],
    testTimeout: 60_000,
  },
});
