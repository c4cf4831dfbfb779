// @vitest-environment node
/** Every language has every text that the sources use, and none that they do not. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { usedKeys } from './keys';

const root = path.resolve(import.meta.dirname, '..');
const { used, unreadable } = usedKeys(root);

const file = (language: string): string => path.join(root, 'locales', language, 'plugin__bsls-console-plugin.json');

const texts = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(file(language), 'utf8')) as Record<string, string>;

const expected = (language: string): string[] =>
  [...used].flatMap(([key, { plural }]) =>
    plural
      ? new Intl.PluralRules(language).resolvedOptions().pluralCategories.map((category) => `${key}_${category}`)
      : [key],
  );

const placeholders = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();

it('finds texts, all of them literal', () => {
  expect(used.size).toBeGreaterThan(10);
  expect(unreadable).toEqual([]);
});

describe.each(readdirSync(path.join(root, 'locales')))('%s', (language) => {
  const found = texts(language);

  // `npm test -- -u` writes the missing keys into the files, and drops the unused; words are yours.
  it('has every text that is used, and no other', async () => {
    const wanted = expected(language).sort();
    const content = Object.fromEntries(wanted.map((key) => [key, found[key] ?? (language === 'en' ? key : '')]));
    await expect(`${JSON.stringify(content, null, 2)}\n`).toMatchFileSnapshot(file(language));
  });

  it('has words for each, with the same placeholders', () => {
    for (const [key, text] of Object.entries(found)) {
      expect(text.trim(), key).not.toBe('');
      expect(text, key).not.toMatch(/_(zero|one|two|few|many|other)$/);
      if (!/_(zero|one|two|few|many|other)$/.test(key)) expect(placeholders(text), key).toEqual(placeholders(key));
    }
  });
});

it('English says what the keys say', () => {
  for (const [key, text] of Object.entries(texts('en'))) if (!/_(one|other)$/.test(key)) expect(text).toBe(key);
});
