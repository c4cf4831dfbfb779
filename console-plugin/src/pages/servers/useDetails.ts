/** The details of the servers on the screen, live. */
import { useMemo } from 'react';
import { getIfChanged, serverOf } from '../../api';
import type { AnyServer, ServerDetail, ServerEvent } from '../../api';
import { useEach } from '../../live';
import type { Load, Scope } from '../../live';
import { keyOf, nameOf } from '../../model/paths';

/**
 * Details by key, for the servers on the screen, kept while the API is away. Asked for a little after an event: what the
 * API tells of a server is brought up to date beside the stream, not before it.
 */
export const useDetails = (visible: readonly string[], scope: Scope): ReadonlyMap<string, ServerDetail> => {
  const { parts } = useEach<AnyServer | ServerDetail>('details of servers', visible, detailOf, scope, keyOfEvent);
  return useMemo(() => {
    const found = new Map<string, ServerDetail>();
    // Tenants get no more than the list has.
    parts.forEach(({ data }, key) => data && 'uid' in data && found.set(key, data));
    return found;
  }, [parts]);
};

const detailOf =
  (key: string): Load<AnyServer | ServerDetail> =>
  (signal, etag) =>
    getIfChanged('/servers/{namespace}/{name}', { parameters: { ...nameOf(key) }, signal, etag });

const keyOfEvent = (event: ServerEvent): string | undefined => {
  const server = serverOf(event);
  return server && keyOf(server);
};
