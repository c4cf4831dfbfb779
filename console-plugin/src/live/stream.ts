/** One connection to the live events: open, read, watch its heartbeat, come again from the last position. */
import { apiError, isAbort, isTransient, openEvents } from '../api';
import type { ApiError, ServerEvent } from '../api';
import { backoffMs } from './backoff';
import { pause } from './pause';
import { parser } from './sse';

/** The API sends a heartbeat every 15 to 30 s: silence for longer is a dead connection. */
export const SILENCE_MS = 65_000;

export interface Scope {
  /** Of the servers; for those who may not see all. */
  namespace?: string;
  /** Of the VMs; for tenant viewers. */
  vmNamespace?: string;
}

export type Note =
  | { kind: 'open' }
  /** A try failed or the stream ended; the next one comes in `inMs`. */
  | { kind: 'waiting'; error?: ApiError; inMs: number }
  /** No further try: the answer will be the same (refused, bad request). */
  | { kind: 'stopped'; error: ApiError }
  | { kind: 'event'; event: ServerEvent }
  /** Events are missing from here on: load afresh what depends on them. */
  | { kind: 'gap' };

class Ended extends Error {}

/** Aborts `connection` when nothing comes for too long; `seen` is called for each piece. */
const watchdog = (connection: AbortController): { seen: () => void; end: () => void } => {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => clearTimeout(timer);
  const seen = (): void => {
    end();
    timer = setTimeout(() => connection.abort(), SILENCE_MS);
  };
  seen();
  return { seen, end };
};

interface Place {
  lastEventId?: string;
  retryMs?: number;
}

/** Reads one connection to its end; `place` follows it. Throws what ended it. */
const readOnce = async (scope: Scope, place: Place, signal: AbortSignal, tell: (note: Note) => void): Promise<void> => {
  const connection = new AbortController();
  const stop = (): void => connection.abort();
  signal.addEventListener('abort', stop);
  const dog = watchdog(connection);
  try {
    const body = await openEvents({ ...scope }, place.lastEventId, connection.signal);
    const reader = body.getReader();
    const sse = parser(place.lastEventId);
    const decoder = new TextDecoder();
    tell({ kind: 'open' });
    for (;;) {
      const { done, value } = await reader.read();
      dog.seen();
      if (done) return;
      for (const frame of sse.feed(decoder.decode(value, { stream: true }))) {
        if (frame.event === 'gap') tell({ kind: 'gap' });
        else if (frame.event !== 'end') tell({ kind: 'event', event: JSON.parse(frame.data) as ServerEvent });
      }
      place.lastEventId = sse.lastEventId();
      place.retryMs = sse.retryMs() ?? place.retryMs;
    }
  } catch (error) {
    // Aborted by the watchdog, not by the caller: the connection is dead.
    if (isAbort(error) && !signal.aborted) throw new Ended('no heartbeat');
    throw error;
  } finally {
    dog.end();
    signal.removeEventListener('abort', stop);
    connection.abort();
  }
};

/** Follows until `signal` aborts or the API refuses for good. Never throws: all is told. */
export const follow = async (scope: Scope, signal: AbortSignal, tell: (note: Note) => void): Promise<void> => {
  const place: Place = {};
  let failures = 0;
  while (!signal.aborted) {
    let error: ApiError | undefined;
    try {
      await readOnce(scope, place, signal, (note) => {
        if (note.kind === 'open') failures = 0;
        tell(note);
      });
    } catch (caught) {
      if (signal.aborted) return;
      error = apiError(caught);
      if (error.status === 400 && place.lastEventId) {
        place.lastEventId = undefined; // a position that the API no longer knows: begin at now, and say so
        tell({ kind: 'gap' });
      } else if (!isTransient(error)) {
        tell({ kind: 'stopped', error });
        return;
      }
    }
    if (signal.aborted) return;
    failures += 1;
    const inMs = backoffMs(failures, error?.retryAfterSeconds ? error.retryAfterSeconds * 1000 : place.retryMs);
    tell({ kind: 'waiting', error, inMs });
    await pause(inMs, signal);
  }
};
