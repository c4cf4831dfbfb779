/** The live stream in components: its state and its events. */
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { live } from './store';
import type { Listener, LiveState } from './store';
import type { Scope } from './stream';

/** How the tab's stream stands. Does not open it. */
export const useLiveState = (): LiveState => useSyncExternalStore(live.onState, live.state);

/** Listens while mounted; the listener of the latest render is called. */
export const useLiveEvents = (scope: Scope, listener: Listener): void => {
  const latest = useRef(listener);
  useLayoutEffect(() => {
    latest.current = listener;
  });
  const { namespace, vmNamespace } = scope;
  useEffect(
    () =>
      live.listen(
        { namespace, vmNamespace },
        {
          onEvents: (events) => latest.current.onEvents?.(events),
          onGap: () => latest.current.onGap?.(),
        },
      ),
    [namespace, vmNamespace],
  );
};
