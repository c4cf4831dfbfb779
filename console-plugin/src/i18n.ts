/** Translations of this plugin: locales/<language>/plugin__bsls-console-plugin.json. */
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

export const NAMESPACE = 'plugin__bsls-console-plugin';

export type T = TFunction<typeof NAMESPACE>;

/** Call it `t`, with literal keys: the tests find every `t('…')` and look it up in each language. */
export const useT = (): T => useTranslation(NAMESPACE).t;

/** The language that dates and numbers are written in. */
export const useLanguage = (): string => useTranslation(NAMESPACE).i18n.language;
