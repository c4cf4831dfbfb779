/** useK8sWatchResource and its kin. */
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type {
  K8sGroupVersionKind,
  K8sModel,
  K8sResourceCommon,
  ResourcesObject,
  WatchK8sResource,
  WatchK8sResult,
  WatchK8sResults,
} from '@openshift-console/dynamic-plugin-sdk';
import { useStore } from '../store';
import { models, needModel, parseReference, reference } from './models';
import { type Watched, watchOf } from './watch';

const gvkOf = (wanted: Pick<WatchK8sResource, 'groupVersionKind' | 'kind'>): K8sGroupVersionKind | undefined =>
  wanted.groupVersionKind ?? (wanted.kind ? parseReference(wanted.kind) : undefined);

const NO_MODEL = new Error('The cluster does not have this kind of object.');
const WAITING: Watched = { items: [], loaded: false, error: undefined };
const MISSING: Watched = { items: [], loaded: false, error: NO_MODEL };

const useNeeded = (needed: readonly K8sGroupVersionKind[]): ReadonlyMap<string, K8sModel | null> => {
  const keys = needed.map(reference).join(' ');
  useEffect(() => {
    for (const key of keys.split(' ').filter(Boolean)) void needModel(parseReference(key));
  }, [keys]);
  return useStore(models);
};

export const useK8sModel: typeof Sdk.useK8sModel = (wanted) => {
  const gvk = typeof wanted === 'string' ? parseReference(wanted) : wanted;
  const known = useNeeded(gvk ? [gvk] : []);
  const found = gvk ? known.get(reference(gvk)) : undefined;
  return [found ?? (undefined as unknown as K8sModel), found === undefined];
};

export const useK8sModels: typeof Sdk.useK8sModels = () => {
  const known = useStore(models);
  const found = useMemo(
    () => Object.fromEntries([...known].filter(([, model]) => model)) as Record<string, K8sModel>,
    [known],
  );
  return [found, false];
};

const resultOf = (wanted: WatchK8sResource, { items, loaded, error }: Watched): WatchK8sResult<never> => {
  if (wanted.isList) return [items as never, loaded, error];
  const found = items[0];
  const missing = loaded && !found ? Object.assign(new Error('Not found'), { code: 404 }) : undefined;
  return [(found ?? {}) as never, loaded, error ?? missing];
};

/** Follows all of `wanted`; each result stays the same object while nothing has changed. */
const useWatches = (wanted: Record<string, WatchK8sResource | null>): Record<string, WatchK8sResult<never>> => {
  const text = JSON.stringify(wanted);
  const all = useMemo(() => JSON.parse(text) as typeof wanted, [text]);
  const known = useNeeded(Object.values(all).flatMap((one) => (one ? (gvkOf(one) ?? []) : [])));
  const watches = useMemo(
    () =>
      Object.entries(all).map(([key, one]) => {
        const gvk = one ? gvkOf(one) : undefined;
        const model = gvk ? known.get(reference(gvk)) : undefined;
        return { key, one, model, watch: one && model ? watchOf(model, one) : undefined };
      }),
    [all, known],
  );
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = watches.flatMap(({ watch }) => (watch ? [watch.use(), watch.state.subscribe(listener)] : []));
      return () => ends.forEach((end) => end());
    },
    [watches],
  );
  const last = useRef<{ watches: unknown; states: Watched[]; results: Record<string, WatchK8sResult<never>> }>(
    undefined,
  );
  const snapshot = (): Record<string, WatchK8sResult<never>> => {
    const states = watches.map(({ model, watch }) => watch?.state.get() ?? (model === null ? MISSING : WAITING));
    const before = last.current;
    if (before?.watches === watches && states.every((one, at) => one === before.states[at])) {
      return before.results;
    }
    const results = Object.fromEntries(
      watches.map(({ key, one }, at) => [
        key,
        one ? resultOf(one, states[at] ?? WAITING) : [undefined as never, false, undefined],
      ]),
    ) as Record<string, WatchK8sResult<never>>;
    last.current = { watches, states, results };
    return results;
  };
  return useSyncExternalStore(subscribe, snapshot);
};

export const useK8sWatchResource: typeof Sdk.useK8sWatchResource = <R extends K8sResourceCommon | K8sResourceCommon[]>(
  wanted: WatchK8sResource | null,
) => useWatches({ one: wanted })['one'] as unknown as WatchK8sResult<R>;

export const useK8sWatchResources: typeof Sdk.useK8sWatchResources = <R extends ResourcesObject>(
  wanted: Record<string, WatchK8sResource>,
) => {
  const found = useWatches(wanted);
  return useMemo(
    () =>
      Object.fromEntries(
        Object.entries(found).map(([key, [data, loaded, loadError]]) => [
          key,
          { data, loaded, loadError: loadError as unknown },
        ]),
      ) as unknown as WatchK8sResults<R>,
    [found],
  );
};

/** Those of these kinds that the cluster has. */
export const useNeededModels = (
  wanted: readonly K8sGroupVersionKind[],
): { gvk: K8sGroupVersionKind; model: K8sModel }[] => {
  const known = useNeeded(wanted);
  return wanted.flatMap((gvk) => {
    const model = known.get(reference(gvk));
    return model ? [{ gvk, model }] : [];
  });
};
