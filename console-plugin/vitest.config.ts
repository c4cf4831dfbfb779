import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  esbuild: { jsx: 'automatic' },
  // The console provides the SDK at run time; the package has types only.
  resolve: { alias: { '@openshift-console/dynamic-plugin-sdk': at('./test/sdk.tsx') } },
  test: {
    environment: 'jsdom',
    setupFiles: [at('./test/setup.ts')],
    include: ['src/**/*.spec.{ts,tsx}', 'test/**/*.spec.{ts,tsx}', 'host/**/*.spec.{ts,tsx}'],
    css: false,
    testTimeout: 30_000, // above what test/setup.ts lets a single search take
    restoreMocks: true,
    env: { TZ: 'UTC', LANG: 'en_US.UTF-8' },
  },
});
