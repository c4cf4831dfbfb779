/** The recent stories of several servers, live, the newest first. */
import { useMemo } from 'react';
import { eventName, getIfChanged, serverOf } from '../../api';
import type { ApiError, ServerEvent, TraceView } from '../../api';
import { useEach } from '../../live';
import type { Scope } from '../../live';
import { keyOf, nameOf } from '../../model/paths';
import type { ServerName } from '../../model/paths';
import { storyOf, vmOf } from '../../model/story';
import type { Story } from '../../model/story';

/** Servers whose stories are read at a time: those with the newest snapshots. */
export const MOST = 12;
/** Stories of each of them. */
const EACH = 100;

const told = (event: ServerEvent): string | undefined => {
  const server = serverOf(event);
  return server && /^(session|snapshot|maintenance)\./.test(eventName(event)) ? keyOf(server) : undefined;
};

/** Whether a story belongs to what was chosen: the servers in a namespace, and the VMs in it. Pure. */
const isWithin = (
  { server, subject }: { server: ServerName; subject: string },
  vmNamespace: string | undefined,
): boolean => !vmNamespace || server.namespace === vmNamespace || vmOf(subject)?.namespace === vmNamespace;

export interface Activity {
  stories: Story[];
  /** None has answered yet. */
  loading: boolean;
  /** Servers that could not be asked, with why. */
  failed: { key: string; error: ApiError; loadedAt?: number }[];
  retry: () => void;
}

/** `vmNamespace`: as of a Sight. */
export const useActivity = (keys: readonly string[], vmNamespace: string | undefined, scope: Scope): Activity => {
  const { parts, retry } = useEach<{ items: TraceView[] }>(
    `traces ${vmNamespace ?? ''}`,
    keys,
    (key) => (signal, etag) =>
      getIfChanged('/servers/{namespace}/{name}/traces', {
        parameters: { ...nameOf(key) },
        query: { limit: EACH, vmNamespace },
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
      stories: stories.filter((one) => isWithin(one, vmNamespace)).sort((a, b) => b.start - a.start),
      loading: keys.length > 0 && !all.some(([, { data, error }]) => data ?? error),
      failed: all.flatMap(([key, { error, loadedAt }]) => (error ? [{ key, error, loadedAt }] : [])),
      retry,
    };
  }, [parts, keys.length, vmNamespace, retry]);
};
