/** A list that the API pages: one page at a time, forwards and back along its cursors, live. */
import { useState } from 'react';
import type { Body, GetOptions, PagePath, ServerEvent } from '../api';
import type { Scope } from './stream';
import { useResource } from './useResource';
import type { Shown } from './useResource';

export interface Paged<P extends PagePath> {
  /** Of the page before while the next one loads, so that the table stays where it is. */
  resource: Shown<Body<P>>;
  /** What `resource` is a page of, for keeping apart what is not the same list. */
  list: string;
  /** From 1. */
  page: number;
  turning: boolean;
  next?: () => void;
  previous?: () => void;
}

interface Place {
  list: string;
  /** Of the pages that were turned, the last one shown. */
  cursors: string[];
}

/** Another `options` is another list, and begins at its first page. */
export const usePages = <P extends PagePath>(
  path: P,
  options: Pick<GetOptions<P>, 'parameters' | 'query'>,
  scope: Scope,
  concerns: (event: ServerEvent) => boolean,
): Paged<P> => {
  const list = JSON.stringify([path, options]);
  const [place, setPlace] = useState<Place>({ list, cursors: [] });
  const cursors = place.list === list ? place.cursors : [];
  const cursor = cursors.at(-1);
  const query = (cursor ? { ...options.query, cursor } : options.query) as GetOptions<P>['query'];
  const loaded = useResource(path, { ...options, query }, scope, concerns);
  const wanted = `${list} ${cursor ?? ''}`;
  const [last, setLast] = useState<{ list: string; data: Body<P> }>();
  if (loaded.data !== undefined && loaded.data !== last?.data) setLast({ list: wanted, data: loaded.data });
  const turning = loaded.loading && last !== undefined;
  const resource = turning ? { ...loaded, data: last.data, loading: false } : loaded;
  const following = (loaded.data as { next?: string | null } | undefined)?.next;
  return {
    resource,
    list: turning ? last.list : wanted,
    page: cursors.length + 1,
    turning,
    next: following ? () => setPlace({ list, cursors: [...cursors, following] }) : undefined,
    previous: cursors.length ? () => setPlace({ list, cursors: cursors.slice(0, -1) }) : undefined,
  };
};
