import { describe, expect, it } from 'vitest';
import type { ServerEvent } from '../../../api';
import { EMPTY, KEPT, append, arrive, load, matches, show, typePattern } from './timeline';
import type { Timeline } from './timeline';

const event = (id: number, more: Partial<ServerEvent> = {}): ServerEvent =>
  ({
    id: `e${id}`,
    type: 'io.openshift.oadp.bsls.session.started.v1',
    subject: 'alice@vm-1',
    severity: 'info',
    time: new Date(id * 1000).toISOString(),
    ...more,
  }) as ServerEvent;
const events = (from: number, to: number): ServerEvent[] =>
  Array.from({ length: to - from + 1 }, (_, index) => event(from + index));
const newestFirst = (from: number, to: number): ServerEvent[] => events(from, to).reverse();
const ids = (timeline: Timeline): string => timeline.rows.map(({ id }) => id.slice(1)).join(' ');

const loaded = load(EMPTY, { items: newestFirst(1, 3), next: 'c' }, false);

describe('a line of time', () => {
  it('has what comes on top, each once', () => {
    expect(ids(arrive(loaded, events(3, 5), false))).toBe('5 4 3 2 1');
    expect(arrive(loaded, events(2, 3), false)).toBe(loaded);
  });

  it('stands still on demand, and shows then what waited', () => {
    const still = arrive(arrive(loaded, events(4, 5), true), events(5, 6), true);
    expect(ids(still)).toBe('3 2 1');
    expect(still.waiting).toHaveLength(3);
    expect(ids(show(still))).toBe('6 5 4 3 2 1');
    expect(show(still).older).toEqual({ cursor: 'c' });
  });

  it('keeps so many, and knows where to read those on that it left out', () => {
    const many = arrive(loaded, events(4, KEPT + 10), false);
    expect(many.rows).toHaveLength(KEPT);
    expect(many.older).toEqual({ until: new Date(12_000).toISOString() }); // e11 is the last one: before 12 s, with it
    const more = append(many, { items: newestFirst(1, 11), next: null });
    expect(more.rows.at(-1)?.id).toBe('e1');
    expect(new Set(more.rows.map(({ id }) => id)).size).toBe(KEPT + 10);
    expect(more.older).toBeUndefined();
  });

  it('begins anew with the newest where more waited than is kept', () => {
    const still = arrive(loaded, events(10, KEPT + 20), true);
    expect([still.waiting.length, still.missed]).toEqual([KEPT, 11]);
    const shown = show(still);
    expect(shown.rows).toHaveLength(KEPT);
    expect(shown.rows[0]?.id).toBe(`e${KEPT + 20}`);
    expect(shown.older).toBeDefined();
  });

  it('takes a later load as what is missing, or begins anew where events lie between', () => {
    expect(ids(load(loaded, { items: newestFirst(2, 5) }, false))).toBe('5 4 3 2 1');
    const apart = load(loaded, { items: newestFirst(7, 9), next: 'd' }, false);
    expect([ids(apart), apart.older]).toEqual(['9 8 7', { cursor: 'd' }]);
    expect(ids(load(loaded, { items: newestFirst(7, 9) }, true))).toBe('3 2 1');
  });
});

describe('a filter', () => {
  const overdue = event(1, { type: 'io.openshift.oadp.bsls.snapshots.mass-deleted.v1', severity: 'warning' } as never);
  it.each([
    [{ severity: '', kind: '', tenant: '' }, true],
    [{ severity: 'warning', kind: 'snapshot', tenant: 'alice@vm-1' }, true],
    [{ severity: 'error', kind: '', tenant: '' }, false],
    [{ severity: '', kind: 'session', tenant: '' }, false],
    [{ severity: '', kind: '', tenant: 'bob@vm-2' }, false],
  ])('%j', (filter, expected) => expect(matches(overdue, filter)).toBe(expected));

  it('asks the API for the same', () => {
    expect(['', 'snapshot', 'user', 'tls'].map(typePattern)).toEqual([undefined, 'snapshot*.*', 'users.*', 'tls.*']);
  });
});
