/** A server's events on a line of time: the past by the API, what comes by the tab's stream. */
import { useReducer, useState } from 'react';
import { apiError, getEvents } from '../../../api';
import type { ApiError, EventPage, ServerEvent } from '../../../api';
import { useLiveEvents, useLoaded } from '../../../live';
import type { Shown } from '../../../live';
import { ownEvents } from '../context';
import type { TabProps } from '../context';
import { EMPTY, append, arrive, load, matches, show, typePattern } from './timeline';
import type { Filter, Timeline } from './timeline';

const PAGE = 100;

type Change =
  | { kind: 'arrive'; events: ServerEvent[]; still: boolean }
  | { kind: 'load'; page: EventPage; still: boolean }
  | { kind: 'append'; page: EventPage }
  | { kind: 'show' };

const reduce = (timeline: Timeline, change: Change): Timeline => {
  switch (change.kind) {
    case 'arrive':
      return arrive(timeline, change.events, change.still);
    case 'load':
      return load(timeline, change.page, change.still);
    case 'append':
      return append(timeline, change.page);
    case 'show':
      return show(timeline);
  }
};

interface Found {
  timeline: Timeline;
  resource: Shown<EventPage>;
  show: () => void;
  older: { load: () => void; busy: boolean; error?: ApiError };
}

/** One filter a life: give the component that calls it another key for another filter. */
export const useTimeline = (
  { place, scope }: Pick<TabProps, 'place' | 'scope'>,
  filter: Filter,
  still: boolean,
): Found => {
  const [timeline, change] = useReducer(reduce, EMPTY);
  const [older, setOlder] = useState<{ busy: boolean; error?: ApiError }>({ busy: false });
  const { namespace, name } = place;
  const query = {
    limit: PAGE,
    severity: (filter.severity || undefined) as 'warning' | 'error' | undefined,
    type: typePattern(filter.kind),
    tenant: filter.tenant || undefined,
    vmNamespace: scope.vmNamespace,
  };
  const resource = useLoaded<EventPage>(
    JSON.stringify(['events', namespace, name, query]),
    (signal, etag) => getEvents(place, query, { signal, etag }),
    scope,
    () => false,
  );
  const { data } = resource;
  const [taken, setTaken] = useState<EventPage>();
  if (data && data !== taken) {
    setTaken(data);
    change({ kind: 'load', page: data, still });
  }
  const own = ownEvents(place);
  useLiveEvents(scope, {
    onEvents: (events) => {
      const wanted = events.filter((event) => own(event) && matches(event, filter));
      if (wanted.length) change({ kind: 'arrive', events: wanted, still });
    },
  });
  const loadOlder = async (): Promise<void> => {
    setOlder({ busy: true });
    try {
      const page = await getEvents(place, { ...query, ...timeline.older });
      if (!page.unchanged) change({ kind: 'append', page: page.data });
      setOlder({ busy: false });
    } catch (error) {
      setOlder({ busy: false, error: apiError(error) });
    }
  };
  return {
    timeline,
    resource,
    show: () => change({ kind: 'show' }),
    older: { ...older, load: () => void loadOlder() },
  };
};
