/** The trace that a snapshot belongs to, found by the event that told of it. */
import { getEvents } from '../../api';
import type { Snapshot } from '../../api';
import type { ServerName } from '../../model/paths';

/** Clients' clocks are wrong by minutes; a checkpoint's event comes before its end. */
const BEFORE_MS = 3_600_000;
const PAGE = 500;
/** Pages that are read at most: a tenant does not make more snapshots in that time. */
const READ = 5;

/** Undefined where the events of that time are gone. Throws ApiError. */
export const traceOf = async (
  place: ServerName,
  snapshot: Pick<Snapshot, 'snapshot' | 'user' | 'startTime'>,
): Promise<string | undefined> => {
  const since = snapshot.startTime ? new Date(Date.parse(snapshot.startTime) - BEFORE_MS).toISOString() : undefined;
  let cursor: string | undefined;
  for (let page = 0; page < READ; page += 1) {
    const query = { type: 'snapshot.*', tenant: snapshot.user, since, limit: PAGE, cursor };
    const answer = await getEvents(place, query);
    if (answer.unchanged) return undefined;
    const { items, next } = answer.data;
    const found = items.find(({ data }) => 'snapshot' in data && data.snapshot === snapshot.snapshot);
    if (found) return found.traceparent?.split('-')[1];
    if (!next) return undefined;
    cursor = next;
  }
  return undefined;
};
