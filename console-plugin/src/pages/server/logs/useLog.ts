/** A server's log in a component: gathered by animation frame, so that a burst renders once. */
import { useEffect, useRef, useState } from 'react';
import type { ServerName } from '../../../model/paths';
import { followLog } from './follow';
import type { LogState } from './follow';
import { EMPTY, MOST, add } from './lines';
import type { Line, Log } from './lines';

interface Followed {
  log: Log;
  state: LogState;
  /** Lines that came since the pause; beyond the limit the oldest of them are dropped. */
  waiting: number;
}

type New = Omit<Line, 'number'>;

interface Flow {
  gathered: New[];
  frame?: number;
  paused: boolean;
  flush: () => void;
}

export const useLog = ({ namespace, name }: ServerName, paused: boolean): Followed => {
  const [log, setLog] = useState<Log>(EMPTY);
  const [state, setState] = useState<LogState>({ kind: 'connecting' });
  const [waiting, setWaiting] = useState(0);
  const flow = useRef<Flow | undefined>(undefined);

  useEffect(() => {
    const ended = new AbortController();
    const own: Flow = {
      gathered: [],
      paused: false,
      flush: (): void => {
        own.frame = undefined;
        if (own.paused) {
          if (own.gathered.length > MOST) own.gathered = own.gathered.slice(-MOST);
          setWaiting(own.gathered.length);
          return;
        }
        const lines = own.gathered;
        own.gathered = [];
        setWaiting(0);
        setLog((before) => add(before, lines));
      },
    };
    flow.current = own;
    const onLines = (lines: New[]): void => {
      own.gathered = own.gathered.concat(lines);
      own.frame ??= requestAnimationFrame(own.flush);
    };
    void followLog({ namespace, name }, { onState: setState, onLines }, ended.signal);
    return () => {
      ended.abort();
      if (own.frame !== undefined) cancelAnimationFrame(own.frame);
    };
  }, [namespace, name]);

  useEffect(() => {
    const own = flow.current;
    if (!own) return;
    own.paused = paused;
    own.frame ??= requestAnimationFrame(own.flush);
  }, [paused]);

  return { log, state, waiting };
};
