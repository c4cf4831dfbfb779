/** One resource for each of several keys, each with its own state: one part that is down does not take the others along. */
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { ServerEvent } from '../api';
import { loader } from './resource';
import type { Load, Loader, Resource } from './resource';
import type { Scope } from './stream';
import { useLiveEvents } from './useLive';

type All<T> = ReadonlyMap<string, Resource<T>>;

/** Loaders by key, as one thing that changes. */
export const loaders = <T>(load: (key: string) => Load<T>) => {
  const made = new Map<string, { one: Loader<T>; stop: () => void; leave: () => void }>();
  const watchers = new Set<() => void>();
  let all: All<T> = new Map();
  const changed = (): void => {
    all = new Map([...made].map(([key, { one }]) => [key, one.get()]));
    watchers.forEach((tell) => tell());
  };
  const add = (key: string): void => {
    const one = loader(load(key));
    made.set(key, { one, leave: one.onChange(changed), stop: one.start() });
  };
  const drop = (key: string): void => {
    const gone = made.get(key);
    gone?.leave();
    gone?.stop();
    made.delete(key);
  };
  return {
    get: () => all,
    onChange: (tell: () => void) => {
      watchers.add(tell);
      return () => void watchers.delete(tell);
    },
    /** Exactly these, from now on. */
    show: (keys: readonly string[]): void => {
      [...made.keys()].filter((key) => !keys.includes(key)).forEach(drop);
      keys.filter((key) => !made.has(key)).forEach(add);
      changed();
    },
    /** Soon; `undefined`: all. */
    refresh: (keys?: ReadonlySet<string>): void =>
      made.forEach(({ one }, key) => {
        if (!keys || keys.has(key)) one.refresh();
      }),
    retry: (): void =>
      made.forEach(({ one }) => {
        if (one.get().error) one.retry();
      }),
  };
};

/**
 * `list` names what `load` loads by key. `keyOf`: the key that an event makes worth asking again for. `retry` asks again
 * for what failed.
 */
export const useEach = <T>(
  list: string,
  keys: readonly string[],
  load: (key: string) => Load<T>,
  scope: Scope,
  keyOf: (event: ServerEvent) => string | undefined,
): { parts: All<T>; retry: () => void } => {
  // `load` is new at each render; what it loads is told by `list`.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const each = useMemo(() => loaders(load), [list]);
  const wanted = keys.join(' ');
  useEffect(() => each.show(wanted ? wanted.split(' ') : []), [each, wanted]);
  useEffect(() => () => each.show([]), [each]);
  useLiveEvents(scope, {
    onEvents: (events) => each.refresh(new Set(events.map(keyOf).filter((key) => key !== undefined))),
    onGap: () => each.refresh(),
  });
  const parts = useSyncExternalStore(each.onChange, each.get);
  return { parts, retry: useCallback(() => each.retry(), [each]) };
};
