/** Follows the log of a server's Kopia container, over broken connections and from one pod to the next. No React. */
import { apiError, isAbort, isTransient, openLog, podsOf } from '../../../api';
import type { ApiError } from '../../../api';
import { backoffMs } from '../../../live/backoff';
import { pause } from '../../../live/pause';
import type { ServerName } from '../../../model/paths';
import { cutter } from './lines';
import type { Line } from './lines';

export type LogState =
  | { kind: 'connecting' }
  | { kind: 'open'; pod: string }
  /** The next try comes by itself. */
  | { kind: 'waiting'; error?: ApiError }
  /** There is no pod, or its container was not started yet; looked for again now and then. */
  | { kind: 'none' }
  /** Refused for good. */
  | { kind: 'refused'; error: ApiError };

export interface Told {
  onState: (state: LogState) => void;
  onLines: (lines: Omit<Line, 'number'>[]) => void;
}

/** Lines of the past. */
const TAIL = 1_000;
const NO_POD_MS = 5_000;

interface Place {
  pod: string;
  /** Time of the last line that was taken. */
  at: string;
}

/** Reads one connection to its end; `place` follows it. Throws what ended it. */
const readOnce = async (
  namespace: string,
  pod: string,
  place: Place,
  told: Told,
  signal: AbortSignal,
): Promise<void> => {
  const resume = place.pod === pod && place.at !== '';
  const options = resume ? { sinceTime: place.at, follow: true } : { tailLines: TAIL, follow: true };
  const reader = (await openLog(namespace, pod, options, signal)).getReader();
  const decoder = new TextDecoder();
  const cut = cutter();
  const before = resume ? place.at : '';
  told.onState({ kind: 'open', pod });
  place.pod = pod;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    // `sinceTime` is exact to the second only.
    const lines = cut(decoder.decode(value, { stream: true })).filter(({ at }) => !before || !at || at > before);
    place.at = lines.at(-1)?.at || place.at;
    if (lines.length) told.onLines(lines);
  }
};

/** Follows until `signal` aborts or Kubernetes refuses for good. Never throws: all is told. */
export const followLog = async ({ namespace, name }: ServerName, told: Told, signal: AbortSignal): Promise<void> => {
  const place: Place = { pod: '', at: '' };
  let failures = 0;
  told.onState({ kind: 'connecting' });
  while (!signal.aborted) {
    let error: ApiError | undefined;
    try {
      const pod = (await podsOf({ namespace, name }, signal)).find((one) => one.started);
      if (!pod) {
        told.onState({ kind: 'none' });
        await pause(NO_POD_MS, signal);
        continue;
      }
      await readOnce(namespace, pod.name, place, told, signal);
      failures = 0;
    } catch (caught) {
      if (signal.aborted || isAbort(caught)) return;
      error = apiError(caught);
      // A pod that went between the two requests is not refused for good; nor is a container that starts just now (400).
      if (!isTransient(error) && error.status !== 404 && error.status !== 400) {
        told.onState({ kind: 'refused', error });
        return;
      }
    }
    if (signal.aborted) return;
    failures += 1;
    told.onState({ kind: 'waiting', error });
    await pause(backoffMs(failures), signal);
  }
};
