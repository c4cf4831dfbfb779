/** A trace on its time line: where each bar and each event stands. Pure. */
import type { ServerEvent, Span, TraceView } from '../../../api';
import { spanOutcome } from '../../../model/story';
import type { Outcome } from '../../../model/story';

export interface Bar {
  span: Span;
  depth: number;
  /** Milliseconds. */
  start: number;
  end: number;
  /** It goes on: `end` is now. */
  open: boolean;
  /** Parts of the time line, 0 to 1. */
  left: number;
  width: number;
  outcome: Outcome;
}

export interface Mark {
  event: ServerEvent;
  at: number;
  left: number;
  /** Of this trace; the others happened at the same server meanwhile. */
  own: boolean;
}

export interface TimeLine {
  from: number;
  to: number;
  bars: Bar[];
  marks: Mark[];
}

/** Less than this would be a line without width. */
const SHORTEST_MS = 1_000;

const depthOf = (span: Span, all: readonly Span[]): number => {
  const parent = all.find(({ spanId }) => spanId === span.parentSpanId);
  return parent && parent !== span ? depthOf(parent, all) + 1 : 0;
};

/** A span whose beginning was not seen is a point at its end. Clients' clocks may be off, so the line is as long as all of it. */
const timesOf = (span: Span, now: number): { start: number; end: number } => {
  const end = span.end ? Date.parse(span.end) : now;
  const start = span.start ? Date.parse(span.start) : end;
  return { start, end: Math.max(start, end) };
};

export const traceIdOf = (event: Pick<ServerEvent, 'traceparent'>): string | undefined =>
  event.traceparent?.split('-')[1];

/** `events`: of the server; those outside of the line are left out. */
export const timeLineOf = (trace: TraceView, events: readonly ServerEvent[], now: number): TimeLine => {
  const times = trace.spans.map((span) => timesOf(span, now));
  const from = Math.min(...times.map(({ start }) => start));
  const to = Math.max(from + SHORTEST_MS, ...times.map(({ end }) => end));
  const part = (at: number): number => Math.min(1, Math.max(0, (at - from) / (to - from)));
  const ids = new Set(trace.spans.map(({ spanId }) => spanId));
  const isOwn = (event: ServerEvent): boolean =>
    traceIdOf(event) === trace.traceId || ids.has(event.traceparent?.split('-')[2] ?? '');
  return {
    from,
    to,
    bars: trace.spans.map((span, index) => {
      const { start, end } = times[index] ?? { start: from, end: to };
      const left = part(start);
      return {
        span,
        depth: depthOf(span, trace.spans),
        start,
        end,
        open: !span.end,
        left,
        width: part(end) - left,
        outcome: spanOutcome(span),
      };
    }),
    marks: events
      .map((event) => ({ event, at: Date.parse(event.time), own: isOwn(event) }))
      .filter(({ at, own }) => own || (at >= from && at <= to))
      .sort((a, b) => a.at - b.at)
      .map((mark) => ({ ...mark, left: part(mark.at) })),
  };
};

/** About `wanted` round moments of a line that begins at 0 and ends at `length` ms. */
const ROUND_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
];

export const ticksOf = (length: number, wanted = 5): number[] => {
  const step = ROUND_MS.find((one) => length / one <= wanted) ?? 86_400_000 * Math.ceil(length / 86_400_000 / wanted);
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
};
