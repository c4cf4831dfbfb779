/** Light or dark, as PatternFly's class on <html>; runs before the page is painted. */

export type Theme = 'light' | 'dark' | 'system';
export const THEMES: readonly Theme[] = ['light', 'dark', 'system'];

const KEY = 'bridge/theme'; // as in OpenShift's console
const CLASS = 'pf-v6-theme-dark';
const system = window.matchMedia('(prefers-color-scheme: dark)');

export const theme = (): Theme => {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((one) => one === kept) ?? 'system';
};

const apply = (): void => {
  const wanted = theme();
  document.documentElement.classList.toggle(CLASS, wanted === 'dark' || (wanted === 'system' && system.matches));
};

export const setTheme = (wanted: Theme): void => {
  localStorage.setItem(KEY, wanted);
  apply();
};

apply();
system.addEventListener('change', apply);
