/** Translations of this plugin: locales/<language>/plugin__bsls-console-plugin.json. */
import type { TFunction } from 'i18next';
import { useSyncExternalStore } from 'react';
import { getI18n, useTranslation } from 'react-i18next';

export const NAMESPACE = 'plugin__bsls-console-plugin';

export type T = TFunction<typeof NAMESPACE>;

/** Call it `t`, with literal keys: the tests find every `t('…')` and look it up in each language. */
export const useT = (): T => useTranslation(NAMESPACE).t;

/** The language that dates and numbers are written in. */
export const useLanguage = (): string => useSyncExternalStore(onLanguage, languageNow);

// Numbers and times are in most cells of a table: each asks for no more than it needs, which costs a tenth of `useTranslation`.
const languageNow = (): string => getI18n().language;
const onLanguage = (changed: () => void): (() => void) => {
  const i18n = getI18n();
  i18n.on('languageChanged', changed);
  return () => i18n.off('languageChanged', changed);
};
