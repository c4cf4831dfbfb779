/** What was backed up on each of the last days. Pure. */
import type { Snapshot } from '../api';

export interface Day {
  /** Its beginning, in the reader's time zone. */
  at: number;
  /** Complete snapshots begun on that day. */
  complete: number;
  /** Their size, before deduplication. */
  bytes: number;
  incomplete: number;
  /** Files that were not read. */
  errors: number;
}

/** The first moment of the day `ago` days before `now`; days have 23 or 25 hours now and then. */
export const dayStart = (now: number, ago: number): number => {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ago);
  return day.getTime();
};

/** The oldest first, today last. Incomplete snapshots have no size of worth. */
export const daysOf = (snapshots: readonly Snapshot[], now: number, days: number): Day[] => {
  const found = Array.from({ length: days }, (_, index): Day => ({
    at: dayStart(now, days - 1 - index),
    complete: 0,
    bytes: 0,
    incomplete: 0,
    errors: 0,
  }));
  for (const { startTime, complete, sizeBytes, errors } of snapshots) {
    const begun = startTime ? Date.parse(startTime) : NaN;
    const day = found.findLast(({ at }) => at <= begun);
    if (!day) continue;
    day.errors += errors;
    if (complete) {
      day.complete += 1;
      day.bytes += sizeBytes;
    } else day.incomplete += 1;
  }
  return found;
};

/** Whether a snapshot of that day is not whole. */
export const isBad = ({ incomplete, errors }: Day): boolean => incomplete + errors > 0;

/** Days without a complete snapshot since the first one that is shown; today does not count, it is not over. */
export const missedOf = (days: readonly Day[]): number => {
  const first = days.findIndex(({ complete }) => complete > 0);
  return first < 0 ? 0 : days.slice(first, -1).filter(({ complete }) => !complete).length;
};
