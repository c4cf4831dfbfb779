/** Requests to the API, typed by its OpenAPI document. The only room that fetches. */
import { consoleFetch } from '@openshift-console/dynamic-plugin-sdk';
import { API, fill, withQuery } from './base';
import { apiError, failedResponse, isAbort } from './errors';
import type { Body, EventPage, EventQuery, GetPath, Parameters, Query } from './types';

export interface GetOptions<P extends GetPath> {
  parameters?: Parameters<P>;
  query?: Query<P>;
  /** ETag of what the caller holds: an unchanged resource comes back as `unchanged`. */
  etag?: string;
  signal?: AbortSignal;
}

export type Answer<T> = { unchanged: true } | { unchanged: false; data: T; etag?: string };

const askIfChanged = async <T>(
  url: string,
  { etag, signal }: Pick<GetOptions<GetPath>, 'etag' | 'signal'>,
): Promise<Answer<T>> => {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (etag) headers['If-None-Match'] = etag;
  try {
    const response = await consoleFetch(url, { method: 'GET', headers, signal });
    if (response.status === 304) return { unchanged: true };
    return { unchanged: false, data: (await response.json()) as T, etag: response.headers.get('ETag') ?? undefined };
  } catch (error) {
    if (isAbort(error)) throw error;
    if (failedResponse(error)?.status === 304) return { unchanged: true };
    throw apiError(error);
  }
};

/** Throws ApiError; an AbortError when `signal` says so. */
export const getIfChanged = <P extends GetPath>(path: P, options: GetOptions<P> = {}): Promise<Answer<Body<P>>> =>
  askIfChanged(API + withQuery(fill(path, options.parameters), options.query), options);

/**
 * A server's events of the past, the newest first; `Accept` tells the page of them from the stream at the same path,
 * which the types do not know. Throws as `getIfChanged` does.
 */
export const getEvents = (
  place: { namespace: string; name: string },
  query: EventQuery,
  options: Pick<GetOptions<GetPath>, 'etag' | 'signal'> = {},
): Promise<Answer<EventPage>> =>
  askIfChanged(API + withQuery(fill('/servers/{namespace}/{name}/events', { ...place }), { ...query }), options);

/** The body. Throws ApiError; an AbortError when `signal` says so. */
export const get = async <P extends GetPath>(path: P, options: Omit<GetOptions<P>, 'etag'> = {}): Promise<Body<P>> => {
  const answer = await getIfChanged(path, options);
  if (answer.unchanged) throw apiError(new Error('304 without If-None-Match'));
  return answer.data;
};

interface Page<T> {
  items: T[];
  next?: string | null;
}

export type PagePath = { [P in GetPath]: Body<P> extends Page<unknown> ? P : never }[GetPath];
type Item<P extends PagePath> = Body<P> extends Page<infer T> ? T : never;

/** Page after page along the cursors, for as long as the caller goes on reading. */
export async function* pages<P extends PagePath>(
  path: P,
  options: Omit<GetOptions<P>, 'etag'> = {},
): AsyncGenerator<Item<P>[], void> {
  let cursor: string | null | undefined;
  do {
    const query = { ...options.query, ...(cursor ? { cursor } : {}) } as Query<P>;
    const page = (await get(path, { ...options, query })) as Page<Item<P>>;
    yield page.items;
    cursor = page.next;
  } while (cursor);
}

/** An open stream of server-sent events, to be read as text. Throws as `get` does. */
export const openEvents = async (
  query: Record<string, string | undefined>,
  lastEventId: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> => {
  const headers: Record<string, string> = { Accept: 'text/event-stream' };
  if (lastEventId) headers['Last-Event-ID'] = lastEventId;
  try {
    const response = await consoleFetch(API + withQuery('/events', query), { method: 'GET', headers, signal });
    if (!response.body) throw new Error('the stream has no body');
    return response.body;
  } catch (error) {
    if (isAbort(error)) throw error;
    throw apiError(error);
  }
};
