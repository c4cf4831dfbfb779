/** Texts: the host's own, bundled; a plugin's from its folder, when first needed. */
import i18next, { type BackendModule } from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import de from '../locales/de.json';
import { PLUGIN, PLUGIN_FILES } from './plugin/place';

export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const;
const NAMESPACE = 'host';
const OF_PLUGINS = 'plugin__';
const KEY = 'bridge/language'; // as in OpenShift's console
const bundled: Record<string, object> = { de }; // the keys are the English texts

const load = async (language: string, namespace: string): Promise<object> => {
  if (!namespace.startsWith(OF_PLUGINS)) return bundled[language] ?? {};
  const response = await fetch(`${PLUGIN_FILES}/locales/${language}/${namespace}.json`);
  return response.ok ? ((await response.json()) as object) : {};
};

const backend: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, tell) => {
    load(language, namespace).then(
      (texts) => tell(null, texts as Record<string, string>),
      (error: unknown) => tell(error as Error, null),
    );
  },
};

const wanted = (): string => {
  const kept = localStorage.getItem(KEY) ?? navigator.language.split('-')[0] ?? 'en';
  return kept in LANGUAGES ? kept : 'en';
};

export const startTexts = async (): Promise<void> => {
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: wanted(),
      fallbackLng: 'en',
      supportedLngs: Object.keys(LANGUAGES),
      ns: [NAMESPACE],
      defaultNS: NAMESPACE,
      nsSeparator: '~',
      keySeparator: false,
      interpolation: { escapeValue: false },
      react: { useSuspense: true },
    });
  document.documentElement.lang = i18next.language;
  void i18next.loadNamespaces(`${OF_PLUGINS}${PLUGIN}`); // needed by all that comes
};

export const setLanguage = async (language: string): Promise<void> => {
  localStorage.setItem(KEY, language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
};

export const useT = (): ReturnType<typeof useTranslation<typeof NAMESPACE>>['t'] => useTranslation(NAMESPACE).t;

const MARKED = /^%(.+)~(.+)%$/;

/** Texts in extensions are written `%namespace~key%`. */
export const useExtensionText = (): ((text: string) => string) => {
  const { t: translate } = useTranslation(`${OF_PLUGINS}${PLUGIN}`);
  return (text) => {
    const [, namespace, key] = MARKED.exec(text) ?? [];
    return namespace && key ? translate(key, { ns: namespace }) : text;
  };
};
