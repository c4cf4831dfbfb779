/** What the servers on the screen hold now, live: one request for all of them, however many rows there are. */
import { useState } from 'react';
import { getIfChanged, serverOf } from '../../api';
import type { Body, LimitedServer, ServerDetail, ServerEvent } from '../../api';
import { useNow, useSettled } from '../../components';
import { useLoaded } from '../../live';
import type { Load, Scope } from '../../live';
import { keyOf } from '../../model/paths';

/** Asked for every 30 s at least: what is older is told with its age. */
const OLD_MS = 65_000;

export interface Detail {
  server: ServerDetail | LimitedServer;
  /** When it was current, where it may not be so any more. */
  asOf?: number;
}

interface Kept {
  server: ServerDetail | LimitedServer;
  loadedAt: number;
}

type Page = Pick<Body<'/servers'>, 'items'>;

const load =
  (names: string, scope: Scope): Load<Page> =>
  async (signal, etag) =>
    names
      ? getIfChanged('/servers', { query: { ...scope, names, figures: true, limit: 100 }, signal, etag })
      : { unchanged: false, data: { items: [] } };

const told = (event: ServerEvent, names: readonly string[]): boolean => {
  const server = serverOf(event);
  return server !== undefined && names.includes(keyOf(server));
};

/**
 * By key. What was told stays while the API is away, and while other rows come and go. Asked for a little after an event: what
 * the API tells of a server is brought up to date beside the stream, not before it.
 */
export const useDetails = (visible: readonly string[], scope: Scope): ReadonlyMap<string, Detail> => {
  const names = useSettled(visible.join(','));
  const loaded = useLoaded(`details of ${names}`, load(names, scope), scope, (event) => told(event, names.split(',')));
  const now = useNow();
  const [kept, setKept] = useState<{ at?: number; all: ReadonlyMap<string, Kept> }>({ all: new Map() });
  const { data, loadedAt, error } = loaded;
  if (data && loadedAt !== undefined && loadedAt !== kept.at) {
    // Of rows that have left the screen, the list may know something newer by now.
    const all = new Map([...kept.all].filter(([key]) => visible.includes(key)));
    for (const server of data.items) all.set(keyOf(server), { server, loadedAt });
    setKept({ at: loadedAt, all });
  }
  return new Map(
    [...kept.all].map(([key, { server, loadedAt: at }]) => [
      key,
      error || now - at > OLD_MS ? { server, asOf: at } : { server },
    ]),
  );
};
