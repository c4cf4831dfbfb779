/** Extensions of the loaded plugin. */
import { useEffect, useRef, useState } from 'react';
import { useExtensions, useResolvedExtensions as useResolvedOfLoader } from '@openshift/dynamic-plugin-sdk';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import { consoleFetchJSON } from './fetch';

export { useExtensions };

export const useResolvedExtensions: typeof Sdk.useResolvedExtensions = (...guards) => {
  const [found, resolved, errors] = useResolvedOfLoader(...guards);
  return [found, resolved, errors];
};

const DELAY_MS = 15_000;

export interface Polled {
  data: unknown;
  error: unknown;
}

/** What `url` answers, asked again every 15 seconds; undefined until the first answer. */
export const usePolled = (url: string, ask?: (url: string) => Promise<unknown>): Polled | undefined => {
  const [found, setFound] = useState<Polled>();
  const asking = useRef(ask);
  useEffect(() => {
    asking.current = ask;
  }, [ask]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let current = true;
    const poll = async (): Promise<void> => {
      let next: Polled;
      try {
        next = { data: await (asking.current ?? consoleFetchJSON)(url), error: undefined };
      } catch (error) {
        next = { data: undefined, error };
      }
      if (!current) return;
      setFound(next);
      timer = setTimeout(() => void poll(), DELAY_MS);
    };
    void poll();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [url]);
  return found;
};
