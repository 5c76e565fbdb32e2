import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// `npm run dev` shows the sources as they are edited, in front of a control plane that runs:
// AWGP_DEV_SERVER says where (default: where `awgp up` puts it).
const server = process.env['AWGP_DEV_SERVER'] ?? 'http://127.0.0.1:8080';
const proxied = ['/v1', '/login', '/authorize', '/logout', '/d/'];

// Tests that put something in a module's place.
const MOCKED = 'src/**/*.mocked.test.{ts,tsx}';

export default defineConfig({
  plugins: [react(), tailwindcss()],
  cacheDir: '.cache/vite',
  resolve: {
    alias: {
      '@': here('./src'),
      // Radix locks scrolling with a <style> made at run time, which our policy forbids.
      'react-remove-scroll': here('./src/shared/components/ui/remove-scroll.tsx'),
    },
  },
  server: {
    host: '127.0.0.1',
    fs: { allow: ['.', realpathSync(here('./node_modules'))] },
    proxy: Object.fromEntries(
      proxied.map((path) => [path, { target: server, ws: path === '/v1' }]),
    ),
  },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    manifest: true,
  },
  test: {
    environment: 'jsdom',
    testTimeout: 30_000, // a busy machine is no failure
    setupFiles: ['./src/test-setup.ts'],
    restoreMocks: true,
    unstubGlobals: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          // A worker's files share one document, which each test leaves clean (test-setup.ts), and
          // their modules: making 44 took ten times as long as all their tests.
          isolate: false,
          include: ['src/**/*.test.{ts,tsx}'],
          exclude: [MOCKED],
        },
      },
      // A module that was loaded before cannot be put another in place of.
      { extends: true, test: { name: 'mocked', isolate: true, include: [MOCKED] } },
    ],
  },
});
