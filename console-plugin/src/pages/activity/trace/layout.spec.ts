import { describe, expect, it } from 'vitest';
import { aTrace, anEvent, at } from '../../../../test/traces';
import { ticksOf, timeLineOf } from './layout';

describe('the time line of a trace', () => {
  const now = at(100);

  it('puts each bar where it belongs, and the snapshots below their session', () => {
    const { bars, from, to } = timeLineOf(aTrace(), [], now);
    expect([from, to]).toEqual([at(0), at(40)]);
    expect(bars.map(({ depth, left, width, outcome }) => ({ depth, left, width, outcome }))).toEqual([
      { depth: 0, left: 0, width: 1, outcome: 'done' },
      { depth: 1, left: 0.25, width: 0.5, outcome: 'done' },
    ]);
  });

  it('lets what is open last until now', () => {
    const [session] = aTrace().spans;
    const open = { ...aTrace(), end: null, spans: [{ ...session!, end: null }] };
    const { bars } = timeLineOf(open, [], now);
    expect(bars[0]).toMatchObject({ open: true, end: now, width: 1, outcome: 'running' });
  });

  it('makes a point of what has no known beginning, and a line of what has no length', () => {
    const [session, snapshot] = aTrace().spans;
    const only = { ...aTrace(), spans: [{ ...snapshot!, start: null, parentSpanId: null }] };
    const { bars, from, to } = timeLineOf(only, [], now);
    expect(bars[0]).toMatchObject({ left: 0, width: 0 });
    expect(to - from).toBe(1_000);
    expect(session).toBeDefined();
  });

  it('is as long as a snapshot by a clock that is wrong', () => {
    const trace = aTrace();
    trace.spans[1]!.start = new Date(at(-60)).toISOString();
    expect(timeLineOf(trace, [], now).from).toBe(at(-60));
  });

  it('has the events of its time, its own marked, and its own that came later', () => {
    const other = anEvent('storage.failed.v1', 20, { reason: 'x', message: 'y' });
    const late = anEvent('storage.failed.v1', 90, { reason: 'x', message: 'y' });
    const mine = anEvent('snapshot.created.v1', 60, {}, aTrace().traceId);
    const { marks } = timeLineOf(aTrace(), [late, mine, other], now);
    expect(marks.map(({ own, left }) => ({ own, left }))).toEqual([
      { own: false, left: 0.5 },
      { own: true, left: 1 },
    ]);
  });

  it.each([
    [1_000, [0, 200, 400, 600, 800, 1_000]],
    [40_000, [0, 10_000, 20_000, 30_000, 40_000]],
    [5 * 86_400_000, [0, 86_400_000, 172_800_000, 259_200_000, 345_600_000, 432_000_000]],
  ])('of %i ms has round moments', (length, expected) => {
    expect(ticksOf(length)).toEqual(expected);
  });
});
