/** All servers that the caller may see, and the details of those on the screen, both live. */
import { useEffect, useMemo, useState } from 'react';
import { eventName, get, isAbort, pages, serverOf } from '../../api';
import type { AnyServer, ServerDetail, ServerEvent } from '../../api';
import { useLiveEvents, useLoaded } from '../../live';
import type { Scope, Shown } from '../../live';
import { keyOf } from './rows';

const PAGE = 500;

const changesTheList = (event: ServerEvent): boolean => /^server\.(created|deleted)\./.test(eventName(event));

export const useServers = (scope: Scope): Shown<AnyServer[]> =>
  useLoaded(
    `servers of ${scope.namespace ?? 'all namespaces'}`,
    async (signal) => {
      const all: AnyServer[] = [];
      const query = { limit: PAGE, namespace: scope.namespace };
      for await (const items of pages('/servers', { query, signal })) all.push(...items);
      return { unchanged: false, data: all };
    },
    scope,
    changesTheList,
  );

const AT_ONCE = 4;

/** Calls `work` for each key, a few at a time. */
const each = async (keys: Iterable<string>, work: (key: string) => Promise<void>): Promise<void> => {
  const rest = [...keys];
  const worker = async (): Promise<void> => {
    for (let key = rest.shift(); key !== undefined; key = rest.shift()) await work(key);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

/**
 * Details by key, for the servers on the screen: fetched once, and again at each event of theirs. One that cannot be had
 * is absent: the list then shows what the servers' status says, and the next event or visit tries again.
 */
export const useDetails = (visible: readonly string[], scope: Scope): ReadonlyMap<string, ServerDetail> => {
  const [details, setDetails] = useState<ReadonlyMap<string, ServerDetail>>(new Map());
  const wanted = useMemo(() => createFetcher(setDetails), []);
  const key = visible.join(' ');
  useEffect(() => wanted.show(key ? key.split(' ') : []), [wanted, key]);
  useEffect(() => () => wanted.stop(), [wanted]);
  useLiveEvents(scope, {
    onEvents: (events) => {
      const named = events.map(serverOf).filter((one) => one !== undefined);
      wanted.touch(named.map(keyOf));
    },
    onGap: () => wanted.touch(undefined),
  });
  return details;
};

type Update = (change: (before: ReadonlyMap<string, ServerDetail>) => ReadonlyMap<string, ServerDetail>) => void;

/** Keeps the shown ones fresh; at most one round at a time, so that a storm of events costs what one round costs. */
export const createFetcher = (update: Update) => {
  let shown = new Set<string>();
  const known = new Set<string>();
  let dirty = new Set<string>();
  let round: Promise<void> | undefined;
  const stopped = new AbortController();

  const fetchOne = async (key: string): Promise<void> => {
    const [namespace = '', name = ''] = key.split('/');
    try {
      const detail = await get('/servers/{namespace}/{name}', {
        parameters: { namespace, name },
        signal: stopped.signal,
      });
      known.add(key);
      if ('uid' in detail) update((before) => new Map(before).set(key, detail)); // tenants get no more than the list has
    } catch (error) {
      if (isAbort(error)) return;
      known.delete(key);
      update((before) => {
        const after = new Map(before);
        after.delete(key);
        return after;
      });
    }
  };

  const run = async (): Promise<void> => {
    while (dirty.size && !stopped.signal.aborted) {
      const now = [...dirty].filter((key) => shown.has(key));
      dirty = new Set();
      await each(now, fetchOne);
    }
    round = undefined;
  };

  const ask = (keys: Iterable<string>): void => {
    for (const key of keys) if (shown.has(key)) dirty.add(key);
    if (dirty.size) round ??= run();
  };

  return {
    show: (keys: readonly string[]): void => {
      shown = new Set(keys);
      ask(keys.filter((key) => !known.has(key)));
    },
    /** Something happened at these; `undefined`: perhaps at any. */
    touch: (keys: readonly string[] | undefined): void => {
      if (!keys) known.clear();
      else keys.filter((key) => !shown.has(key)).forEach((key) => known.delete(key));
      ask(keys ?? shown);
    },
    stop: (): void => stopped.abort(),
  };
};
