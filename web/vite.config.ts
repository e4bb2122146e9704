import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The font is optional: it is used where it has come before the first paint, so it is asked for at once.
const preloadFont: Plugin = {
  name: 'preload-font',
  transformIndexHtml(_, { bundle }) {
    const font = Object.keys(bundle ?? {}).find((name) => name.endsWith('.woff2'));
    if (!font) return [];
    const attrs = { rel: 'preload', href: `./${font}`, as: 'font', type: 'font/woff2', crossorigin: true };
    return [{ tag: 'link', attrs, injectTo: 'head' }];
  },
};

// Paths are relative to <base href>, which the server fills in: the same build serves any --base-path.
export default defineConfig({
  base: './',
  plugins: [preloadFont],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': { target: process.env.HEDDLE_SERVER ?? 'http://127.0.0.1:8080' } } },
  // Some try hundreds of cases, and the machine may be busy.
  test: { include: ['test/**/*.test.{ts,tsx}'], testTimeout: 60_000 },
});
