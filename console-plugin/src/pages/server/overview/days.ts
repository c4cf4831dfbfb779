/** What was backed up on each of the last days. Pure. */
import type { Snapshot } from '../../../api';

export interface Day {
  /** Its beginning, in the reader's time zone. */
  at: number;
  bytes: number;
  complete: number;
  incomplete: number;
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
    bytes: 0,
    complete: 0,
    incomplete: 0,
  }));
  for (const { startTime, complete, sizeBytes } of snapshots) {
    if (!startTime) continue;
    const at = Date.parse(startTime);
    const day = found.findLast((one) => one.at <= at);
    if (!day) continue;
    if (complete) {
      day.complete += 1;
      day.bytes += sizeBytes;
    } else day.incomplete += 1;
  }
  return found;
};
