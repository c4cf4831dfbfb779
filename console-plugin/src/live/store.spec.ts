import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ServerEvent } from '../api';
import { GATHER_MS, LINGER_MS, liveStore } from './store';
import type { Note, Scope } from './stream';

const event = (id: string): Note => ({ kind: 'event', event: { id } as ServerEvent });

describe('the stream of a tab', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const make = () => {
    const runs: { scope: Scope; signal: AbortSignal; tell: (note: Note) => void }[] = [];
    const store = liveStore((scope, signal, tell) => {
      runs.push({ scope, signal, tell });
      return new Promise(() => undefined);
    });
    return { store, runs };
  };

  it('is one, whoever listens', () => {
    const { store, runs } = make();
    store.listen({}, {});
    store.listen({}, {});
    expect(runs).toHaveLength(1);
  });

  it('hands a burst out once, in order, to all', () => {
    const { store, runs } = make();
    const [one, other] = [vi.fn(), vi.fn()];
    store.listen({}, { onEvents: one });
    store.listen({}, { onEvents: other });
    for (const id of ['1', '2', '3']) runs[0]?.tell(event(id));
    expect(one).not.toHaveBeenCalled();
    vi.advanceTimersByTime(GATHER_MS);
    expect(one.mock.calls).toEqual([[[{ id: '1' }, { id: '2' }, { id: '3' }]]]);
    expect(other.mock.calls).toEqual(one.mock.calls);
  });

  it('stays open from page to page, and closes when nobody listens', () => {
    const { store, runs } = make();
    store.listen({}, {})();
    vi.advanceTimersByTime(LINGER_MS - 1);
    const leave = store.listen({}, {});
    vi.advanceTimersByTime(LINGER_MS * 2);
    expect(runs[0]?.signal.aborted).toBe(false);
    leave();
    vi.advanceTimersByTime(LINGER_MS);
    expect(runs[0]?.signal.aborted).toBe(true);
    expect(store.state()).toEqual({ kind: 'idle' });
  });

  it('is another one for another namespace; what the former still says is not heard', () => {
    const { store, runs } = make();
    const heard = vi.fn();
    store.listen({ namespace: 'a' }, { onEvents: heard });
    store.listen({ namespace: 'b' }, { onEvents: heard });
    expect(runs.map((run) => run.scope.namespace)).toEqual(['a', 'b']);
    expect(runs[0]?.signal.aborted).toBe(true);
    runs[0]?.tell(event('1'));
    vi.advanceTimersByTime(GATHER_MS);
    expect(heard).not.toHaveBeenCalled();
  });

  it('has pages load afresh at its first connection and at gaps, not when it resumes', () => {
    const { store, runs } = make();
    const onGap = vi.fn();
    store.listen({}, { onGap });
    runs[0]?.tell({ kind: 'open' });
    expect(onGap).toHaveBeenCalledTimes(1);
    runs[0]?.tell({ kind: 'waiting', inMs: 1 });
    expect(store.state()).toMatchObject({ kind: 'reconnecting' });
    runs[0]?.tell({ kind: 'open' });
    expect(onGap).toHaveBeenCalledTimes(1);
    runs[0]?.tell({ kind: 'gap' });
    expect(onGap).toHaveBeenCalledTimes(2);
  });
});
