/** Before each test file: matchers, English texts, and nothing left of the test before. */
import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { afterEach } from 'vitest';
import english from '../locales/en/plugin__bsls-console-plugin.json';

await i18next.use(initReactI18next).init({
  lng: 'en',
  resources: { en: { 'plugin__bsls-console-plugin': english } },
  showSupportNotice: false,
  keySeparator: false,
  nsSeparator: '~',
  interpolation: { escapeValue: false },
});

// jsdom has no layout: everything is on the screen.
globalThis.IntersectionObserver = class {
  observe(): void {}
  disconnect(): void {}
} as unknown as typeof IntersectionObserver;

// On a busy machine a row needs more than the default of a second; what is there comes at once all the same.
configure({ testIdAttribute: 'data-test', asyncUtilTimeout: 10_000 });

afterEach(() => cleanup());
