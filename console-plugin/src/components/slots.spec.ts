import { expect, it } from 'vitest';
import { assign } from './slots';

const none = new Map<string, number>();

it('another page takes the rows of the one before, in order', () => {
  const first = assign(none, ['a', 'b', 'c']);
  expect([...assign(first, ['d', 'e', 'f'])]).toEqual([
    ['d', 0],
    ['e', 1],
    ['f', 2],
  ]);
});

it('what stays keeps its row; what comes takes that of what went', () => {
  const first = assign(none, ['a', 'b', 'c']);
  expect([...assign(first, ['new', 'a', 'b'])]).toEqual([
    ['new', 2],
    ['a', 0],
    ['b', 1],
  ]);
});

it('a longer page has rows of its own', () => {
  const slots = assign(assign(none, ['a']), ['b', 'c', 'a', 'd']);
  expect(slots.get('a')).toBe(0);
  expect(new Set(slots.values()).size).toBe(4);
});
