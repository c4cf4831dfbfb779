/** A thing of the API that is loaded, kept and refreshed: what is shown while it loads, fails or is stale. No React. */
import { apiError, isAbort, isTransient } from '../api';
import type { Answer, ApiError } from '../api';
import { backoffMs } from './backoff';

export interface Resource<T> {
  /** The last good answer; stays while a later request fails. */
  data?: T;
  /** When `data` was known to be current, by this browser's clock. */
  loadedAt?: number;
  /** Why the last request failed; gone after a good one. */
  error?: ApiError;
}

export type Load<T> = (signal: AbortSignal, etag: string | undefined) => Promise<Answer<T>>;

export interface Loader<T> {
  get: () => Resource<T>;
  onChange: (changed: () => void) => () => void;
  /** Asks now and then every `POLL_MS`, until the returned function is called. */
  start: () => () => void;
  /** Soon: many calls in a row make one request. */
  refresh: () => void;
  /** Now, as a user's retry. */
  retry: () => void;
}

/** Live events say when to ask; this is for what no event tells, and for times without a stream. */
export const POLL_MS = 30_000;
/** At most one refresh in this time, and never more than a tenth of it spent waiting for answers. */
export const REFRESH_MS = 500;
const BUSY_FACTOR = 10;

export const loader = <T>(load: Load<T>): Loader<T> => {
  let current: Resource<T> = {};
  let etag: string | undefined;
  let running: AbortController | undefined;
  let again = false;
  let started = false;
  let failures = 0;
  let tookMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = Infinity;
  const watchers = new Set<() => void>();

  const become = (next: Resource<T>): void => {
    current = next;
    watchers.forEach((changed) => changed());
  };

  const schedule = (inMs: number): void => {
    if (!started || Date.now() + inMs >= due) return;
    clearTimeout(timer);
    due = Date.now() + inMs;
    timer = setTimeout(() => void run(), inMs);
  };

  const settle = (answer: Answer<T>): void => {
    failures = 0;
    if (!answer.unchanged) etag = answer.etag;
    become({ data: answer.unchanged ? current.data : answer.data, loadedAt: Date.now() });
    schedule(POLL_MS);
  };

  const fail = (error: ApiError): void => {
    failures += 1;
    become({ ...current, error });
    const asked = (error.retryAfterSeconds ?? 0) * 1000;
    schedule(isTransient(error) ? backoffMs(failures, asked) : POLL_MS);
  };

  async function run(): Promise<void> {
    clearTimeout(timer);
    due = Infinity;
    again = false;
    const own = (running = new AbortController());
    const began = Date.now();
    try {
      const answer = await load(own.signal, current.data === undefined ? undefined : etag);
      if (running === own) settle(answer);
    } catch (error) {
      if (running === own && !isAbort(error)) fail(apiError(error));
    }
    if (running !== own) return;
    running = undefined;
    tookMs = Date.now() - began;
    if (again) schedule(Math.max(REFRESH_MS, tookMs * BUSY_FACTOR));
  }

  const stop = (): void => {
    started = false;
    clearTimeout(timer);
    due = Infinity;
    running?.abort();
    running = undefined;
  };

  return {
    get: () => current,
    onChange: (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    start: () => {
      started = true;
      schedule(0);
      return stop;
    },
    refresh: () => {
      if (running) again = true;
      else schedule(Math.max(REFRESH_MS, tookMs * BUSY_FACTOR));
    },
    retry: () => {
      running?.abort();
      running = undefined;
      if (started) void run();
    },
  };
};
