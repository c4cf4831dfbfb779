import { expect, it } from 'vitest';
import type { Snapshot } from '../../../api';
import { daysOf } from './days';

const now = Date.parse('2026-11-28T15:00:00Z');
const snapshot = (startTime: string | null, sizeBytes: number, complete = true): Snapshot =>
  ({ startTime, sizeBytes, complete }) as Snapshot;

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
