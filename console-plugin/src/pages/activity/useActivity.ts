/** The recent stories of several servers, live, the newest first. */
import { useMemo } from 'react';
import { eventName, getIfChanged, pages, serverOf } from '../../api';
import type { AnyServer, ApiError, ServerEvent, TraceView } from '../../api';
import { useEach, useLoaded } from '../../live';
import type { Scope, Shown } from '../../live';
import { keyOf, nameOf } from '../../model/paths';
import { storyOf } from '../../model/story';
import type { Story } from '../../model/story';

const PAGE = 500;
/** Servers whose stories are read at a time: those with the newest snapshots. */
export const MOST = 12;
/** Stories of each of them. */
const EACH = 100;

const lastOf = (server: AnyServer): number =>
  'spec' in server ? Date.parse(server.status.snapshots?.lastTime ?? '') || 0 : Infinity;

/** The most recently used first: what a tenant viewer sees does not tell, and comes first. Pure. */
export const busiest = (servers: readonly AnyServer[]): string[] =>
  servers
    .map((server) => ({ key: keyOf(server), last: lastOf(server) }))
    .sort((a, b) => b.last - a.last || a.key.localeCompare(b.key))
    .map(({ key }) => key);

export const useServerKeys = (scope: Scope): Shown<string[]> =>
  useLoaded(
    `servers of ${scope.namespace ?? 'all namespaces'}`,
    async (signal) => {
      const all: AnyServer[] = [];
      const query = { limit: PAGE, namespace: scope.namespace };
      for await (const items of pages('/servers', { query, signal })) all.push(...items);
      return { unchanged: false, data: busiest(all) };
    },
    scope,
    (event) => /^server\.(created|deleted)\./.test(eventName(event)),
  );

const told = (event: ServerEvent): string | undefined => {
  const server = serverOf(event);
  return server && /^(session|snapshot|maintenance)\./.test(eventName(event)) ? keyOf(server) : undefined;
};

export interface Activity {
  stories: Story[];
  /** None has answered yet. */
  loading: boolean;
  /** Servers that could not be asked, with why. */
  failed: { key: string; error: ApiError; loadedAt?: number }[];
  retry: () => void;
}

export const useActivity = (keys: readonly string[], scope: Scope): Activity => {
  const { parts, retry } = useEach<{ items: TraceView[] }>(
    'traces',
    keys,
    (key) => (signal, etag) =>
      getIfChanged('/servers/{namespace}/{name}/traces', {
        parameters: { ...nameOf(key) },
        query: { limit: EACH },
        signal,
        etag,
      }),
    scope,
    told,
  );
  return useMemo(() => {
    const all = [...parts];
    const stories = all.flatMap(([key, { data }]) => (data?.items ?? []).map((trace) => storyOf(nameOf(key), trace)));
    return {
      stories: stories.sort((a, b) => b.start - a.start),
      loading: keys.length > 0 && !all.some(([, { data, error }]) => data ?? error),
      failed: all.flatMap(([key, { error, loadedAt }]) => (error ? [{ key, error, loadedAt }] : [])),
      retry,
    };
  }, [parts, keys.length, retry]);
};
