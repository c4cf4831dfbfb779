/** The one live stream of this browser tab, shared by all pages: who listens, and how it stands. */
import type { ApiError, ServerEvent } from '../api';
import { follow } from './stream';
import type { Note, Scope } from './stream';

export type LiveState =
  | { kind: 'idle' }
  | { kind: 'connecting' }
  | { kind: 'open' }
  | { kind: 'reconnecting'; since: number; error?: ApiError }
  /** Refused for good; pages fall back to asking now and then. */
  | { kind: 'refused'; error: ApiError };

export interface Listener {
  /** In order, gathered for a moment, so that a burst renders once. */
  onEvents?: (events: ServerEvent[]) => void;
  /** Events may have been missed: load afresh. */
  onGap?: () => void;
}

/** Bursts are handed out at most this often: a page renders four times a second, whatever comes. */
export const GATHER_MS = 250;
/** Between two pages nobody listens for a moment; the stream stays open for so long. */
export const LINGER_MS = 5_000;

export interface LiveStore {
  state: () => LiveState;
  /** For useSyncExternalStore; does not open the stream. */
  onState: (changed: () => void) => () => void;
  /** Opens the stream where it is not; the returned function ends the listening. */
  listen: (scope: Scope, listener: Listener) => () => void;
}

const sameScope = (a: Scope, b: Scope): boolean => a.namespace === b.namespace && a.vmNamespace === b.vmNamespace;

type Follow = (scope: Scope, signal: AbortSignal, tell: (note: Note) => void) => Promise<void>;

export const liveStore = (run: Follow = follow): LiveStore => {
  let state: LiveState = { kind: 'idle' };
  let scope: Scope = {};
  let connection: AbortController | undefined;
  let gathered: ServerEvent[] = [];
  let flushTimer: ReturnType<typeof setTimeout> | undefined;
  let lingerTimer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<Listener>();
  const watchers = new Set<() => void>();

  const become = (next: LiveState): void => {
    state = next;
    watchers.forEach((changed) => changed());
  };

  const flush = (): void => {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    const events = gathered;
    gathered = [];
    if (events.length) listeners.forEach((one) => one.onEvents?.(events));
  };

  const tell = (note: Note): void => {
    if (note.kind === 'event') {
      gathered.push(note.event);
      flushTimer ??= setTimeout(flush, GATHER_MS);
    } else if (note.kind === 'gap') {
      flush();
      listeners.forEach((one) => one.onGap?.());
    } else if (note.kind === 'open') {
      // A first connection begins now: what pages loaded before may be older. Later ones resume.
      if (state.kind === 'connecting') listeners.forEach((one) => one.onGap?.());
      become({ kind: 'open' });
    } else if (note.kind === 'stopped') become({ kind: 'refused', error: note.error });
    else
      become({
        kind: 'reconnecting',
        since: state.kind === 'reconnecting' ? state.since : Date.now(),
        error: note.error,
      });
  };

  const close = (): void => {
    connection?.abort();
    connection = undefined;
    flush();
    become({ kind: 'idle' });
  };

  const open = (wanted: Scope): void => {
    if (connection && sameScope(scope, wanted)) return;
    connection?.abort();
    scope = wanted;
    const own = (connection = new AbortController());
    become({ kind: 'connecting' });
    void run(wanted, own.signal, (note) => {
      if (connection === own) tell(note);
    });
  };

  return {
    state: () => state,
    onState: (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    listen: (wanted, listener) => {
      clearTimeout(lingerTimer);
      listeners.add(listener);
      open(wanted);
      return () => {
        listeners.delete(listener);
        if (!listeners.size) lingerTimer = setTimeout(close, LINGER_MS);
      };
    },
  };
};

/** The tab's own. */
export const live = liveStore();
