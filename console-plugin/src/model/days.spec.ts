import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../api';
import { daysOf, missedOf } from './days';

const now = Date.parse('2026-11-28T15:00:00Z');
const snapshot = (startTime: string | null, sizeBytes: number, complete = true): Snapshot =>
  ({ startTime, sizeBytes, complete, errors: 0 }) as Snapshot;

it('adds up each day, today last; an incomplete snapshot has no size of worth', () => {
  const days = daysOf(
    [
      snapshot('2026-11-28T03:00:00Z', 5),
      snapshot('2026-11-28T00:00:00Z', 7),
      snapshot('2026-11-27T23:59:59Z', 11),
      snapshot('2026-11-26T01:00:00Z', 13, false),
      snapshot('2026-11-25T23:00:00Z', 17),
      snapshot(null, 19),
    ],
    now,
    3,
  );
  expect(days.map(({ bytes, complete, incomplete }) => [bytes, complete, incomplete])).toEqual([
    [0, 0, 1],
    [11, 1, 0],
    [12, 2, 0],
  ]);
  expect(new Date(days[0]?.at ?? 0).toISOString()).toBe('2026-11-26T00:00:00.000Z');
});

describe('days of a tenant', () => {
  const noon = new Date(2026, 10, 28, 12).getTime();
  const made = (day: number, complete = true): Snapshot => ({
    snapshot: `m${day}`,
    user: 'alice@vm-1.team-a',
    path: '/',
    startTime: new Date(2026, 10, day, 2).toISOString(),
    sizeBytes: 10,
    files: 1,
    errors: complete ? 0 : 2,
    ignoredErrors: 0,
    complete,
  });

  it('count complete snapshots, their size, and what was not well', () => {
    const days = daysOf([made(28), made(26), made(26), made(25, false), made(1)], noon, 4);
    expect(days.map(({ complete, bytes, incomplete, errors }) => [complete, bytes, incomplete, errors])).toEqual([
      [0, 0, 1, 2],
      [2, 20, 0, 0],
      [0, 0, 0, 0],
      [1, 10, 0, 0],
    ]);
  });

  it('missed are those without a complete snapshot since the first one, but not today', () => {
    expect(missedOf(daysOf([made(25), made(26, false)], noon, 10))).toBe(2);
    expect(missedOf(daysOf([], noon, 10))).toBe(0);
  });
});
