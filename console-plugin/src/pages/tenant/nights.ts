/** A tenant's snapshots by day, for the chart. Pure. */
import type { Snapshot } from '../../api';

export interface Night {
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

/** The oldest first, today last. */
export const nightsOf = (snapshots: readonly Snapshot[], now: number, days: number): Night[] => {
  const nights = Array.from({ length: days }, (_, index): Night => ({
    at: dayStart(now, days - 1 - index),
    complete: 0,
    bytes: 0,
    incomplete: 0,
    errors: 0,
  }));
  for (const { startTime, complete, sizeBytes, errors } of snapshots) {
    const begun = startTime ? Date.parse(startTime) : NaN;
    const night = nights.findLast(({ at }) => at <= begun);
    if (!night) continue;
    night.errors += errors;
    if (complete) {
      night.complete += 1;
      night.bytes += sizeBytes;
    } else night.incomplete += 1;
  }
  return nights;
};

/** Days without a complete snapshot since the first one that is shown; today does not count, it is not over. */
export const missedOf = (nights: readonly Night[]): number => {
  const first = nights.findIndex(({ complete }) => complete > 0);
  return first < 0 ? 0 : nights.slice(first, -1).filter(({ complete }) => !complete).length;
};
