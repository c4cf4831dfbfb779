// @vitest-environment node
/** Every language has every text of the host, and none that it does not use. The keys are the English texts. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { usedKeys } from '../test/keys';
import de from './locales/de.json';

const { used, unreadable } = usedKeys(path.resolve(import.meta.dirname));

it('finds texts, all of them literal', () => {
  expect(used.size).toBeGreaterThan(30);
  expect(unreadable).toEqual([]);
});

it('is complete in German', () => {
  expect(Object.keys(de).sort()).toEqual([...used.keys()].sort());
  for (const [key, text] of Object.entries(de)) {
    expect(text.trim(), key).not.toBe('');
    expect(text.match(/\{\{\w+\}\}/g), key).toEqual(key.match(/\{\{\w+\}\}/g));
  }
});
