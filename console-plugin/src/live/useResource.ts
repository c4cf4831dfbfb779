/** Resources of the API in components: loaded, refreshed by the live events that concern them, kept while a part is down. */
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import { getIfChanged } from '../api';
import type { Body, GetOptions, GetPath, ServerEvent } from '../api';
import { loader } from './resource';
import type { Load, Resource } from './resource';
import type { Scope } from './stream';
import { useLiveEvents } from './useLive';

export type Shown<T> = Resource<T> & { loading: boolean; retry: () => void };

/** `key` names what `load` loads: another key is another thing, and begins empty. */
export const useLoaded = <T>(
  key: string,
  load: Load<T>,
  scope: Scope,
  concerns: (event: ServerEvent) => boolean,
): Shown<T> => {
  // `load` is new at each render; what it loads is told by `key`.
  // eslint-disable-next-line react-hooks/exhaustive-deps
  const one = useMemo(() => loader(load), [key]);
  useEffect(() => one.start(), [one]);
  useLiveEvents(scope, {
    onEvents: (events) => {
      if (events.some(concerns)) one.refresh();
    },
    onGap: one.refresh,
  });
  const resource = useSyncExternalStore(one.onChange, one.get);
  const retry = useCallback(() => one.retry(), [one]);
  return { ...resource, loading: resource.data === undefined && !resource.error, retry };
};

/** One GET. `concerns`: which events make it worth asking again. */
export const useResource = <P extends GetPath>(
  path: P,
  options: Pick<GetOptions<P>, 'parameters' | 'query'>,
  scope: Scope,
  concerns: (event: ServerEvent) => boolean,
): Shown<Body<P>> =>
  useLoaded(
    JSON.stringify([path, options]),
    (signal, etag) => getIfChanged(path, { ...options, signal, etag }),
    scope,
    concerns,
  );
