/** Events on a line of time, the newest first: what is shown, what waits, and where older ones begin. Pure. */
import { eventName } from '../../../api';
import type { ServerEvent, Severity } from '../../../api';

/** Where to read on: along a cursor or, where rows were left out, before a time. */
export interface Older {
  cursor?: string;
  until?: string;
}

export interface Timeline {
  rows: readonly ServerEvent[];
  older?: Older;
  /** Came while the list stood still; the newest first. */
  waiting: readonly ServerEvent[];
  /** Waiting ones beyond those that are kept. */
  missed: number;
}

export const EMPTY: Timeline = { rows: [], waiting: [], missed: 0 };

/** So many rows are kept while events come in; what somebody asked for of the past comes on top. */
export const KEPT = 500;

/** Rows that are left out are read again when asked for; the time is cut to seconds, so that none is lost between. */
const olderThan = (last: ServerEvent | undefined): Older | undefined =>
  last && { until: new Date(Date.parse(last.time) + 1000).toISOString() };

const trimmed = (timeline: Timeline, most: number): Timeline =>
  timeline.rows.length <= most
    ? timeline
    : { ...timeline, rows: timeline.rows.slice(0, most), older: olderThan(timeline.rows[most - 1]) };

const unknown = (timeline: Timeline, events: readonly ServerEvent[]): ServerEvent[] => {
  const known = new Set([...timeline.rows, ...timeline.waiting].map(({ id }) => id));
  return events.filter(({ id }) => !known.has(id) && known.add(id));
};

/** `events`: the oldest first, as they come. `still`: they wait. */
export const arrive = (timeline: Timeline, events: readonly ServerEvent[], still: boolean): Timeline => {
  const fresh = unknown(timeline, events).reverse();
  if (!fresh.length) return timeline;
  if (!still) return trimmed({ ...timeline, rows: [...fresh, ...timeline.rows] }, Math.max(KEPT, timeline.rows.length));
  const waiting = [...fresh, ...timeline.waiting];
  return {
    ...timeline,
    waiting: waiting.slice(0, KEPT),
    missed: timeline.missed + Math.max(0, waiting.length - KEPT),
  };
};

/** The waiting ones come in. Where some are not kept, the list begins anew with those that are. */
export const show = (timeline: Timeline): Timeline => {
  const { rows, older, waiting, missed } = timeline;
  if (missed) return { rows: waiting, older: olderThan(waiting.at(-1)), waiting: [], missed: 0 };
  return trimmed({ rows: [...waiting, ...rows], older, waiting: [], missed: 0 }, Math.max(KEPT, rows.length));
};

interface Page {
  items: readonly ServerEvent[];
  next?: string | null;
}

const olderOf = ({ next }: Page): Older | undefined => (next ? { cursor: next } : undefined);

/**
 * The newest page of the past, loaded first or again. One that does not touch what is shown replaces it: between them
 * are events that nobody has read.
 */
export const load = (timeline: Timeline, page: Page, still: boolean): Timeline => {
  const fresh = unknown(timeline, page.items);
  const apart = fresh.length === page.items.length;
  if (!timeline.rows.length || (apart && fresh.length && !still))
    return { rows: page.items, older: olderOf(page), waiting: [], missed: 0 };
  return arrive(timeline, [...fresh].reverse(), still);
};

/** A page of older ones goes to the end. */
export const append = (timeline: Timeline, page: Page): Timeline => ({
  ...timeline,
  rows: [...timeline.rows, ...unknown(timeline, page.items)],
  older: olderOf(page),
});

export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error'];

export interface Filter {
  /** This one or worse; empty: any. */
  severity: string;
  /** The noun of the type; empty: any. */
  kind: string;
  /** user@host; empty: any. */
  tenant: string;
}

/** The API's own rule, for events that come live. A kind takes its plural in: snapshot, snapshots. */
export const matches = (event: ServerEvent, { severity, kind, tenant }: Filter): boolean => {
  const least = SEVERITIES.indexOf(severity as Severity);
  const noun = eventName(event).split('.')[0] ?? '';
  return (
    SEVERITIES.indexOf(event.severity) >= least &&
    (!kind || noun === kind || noun === `${kind}s`) &&
    (!tenant || event.subject === tenant)
  );
};

/** As a pattern for the API. */
export const typePattern = (kind: string): string | undefined =>
  !kind ? undefined : kind === 'snapshot' ? 'snapshot*.*' : kind === 'user' ? 'users.*' : `${kind}.*`;
