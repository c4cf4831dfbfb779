/** All servers that the caller may see. */
import { eventName, pages } from '../api';
import type { AnyServer, ServerEvent } from '../api';
import type { Scope } from './stream';

const PAGE = 500;

/** Whether the list of servers is another one after this event. */
export const changesServers = (event: ServerEvent): boolean => /^server\.(created|deleted)\./.test(eventName(event));

/** All pages of the list. Throws ApiError. */
export const readServers = async (query: Scope, signal: AbortSignal): Promise<AnyServer[]> => {
  const all: AnyServer[] = [];
  for await (const items of pages('/servers', { query: { limit: PAGE, ...query }, signal })) all.push(...items);
  return all;
};
