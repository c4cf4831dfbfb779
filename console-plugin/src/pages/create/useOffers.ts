/** What the user may choose from, where they may list it; else they type. */
import { useEffect, useState } from 'react';
import { useAccessReview } from '@openshift-console/dynamic-plugin-sdk';
import { isAbort, namesOf, storageLocations } from '../../api';

export interface Offer {
  name: string;
  /** Said beside the name. */
  note?: string;
}

/** `secrets` are those of no special type, `tlsSecrets` those with a certificate. */
export type Kind = 'locations' | 'secrets' | 'tlsSecrets' | 'configMaps';

const REVIEWS: Record<Kind, { group: string; resource: string }> = {
  locations: { group: 'velero.io', resource: 'backupstoragelocations' },
  secrets: { group: '', resource: 'secrets' },
  tlsSecrets: { group: '', resource: 'secrets' },
  configMaps: { group: '', resource: 'configmaps' },
};

const named = (names: string[]): Offer[] => names.map((name) => ({ name }));

const load = async (kind: Kind, namespace: string, signal: AbortSignal): Promise<Offer[]> => {
  switch (kind) {
    case 'locations':
      return (await storageLocations(namespace, signal)).map(({ name, phase }) => ({ name, note: phase }));
    case 'secrets':
      return named(await namesOf('secrets', namespace, 'type=Opaque', signal));
    case 'tlsSecrets':
      return named(await namesOf('secrets', namespace, 'type=kubernetes.io/tls', signal));
    case 'configMaps':
      return named(await namesOf('configmaps', namespace, undefined, signal));
  }
};

/** undefined: they cannot be listed, or not yet. A list that fails is no obstacle: names can be typed. */
export const useOffers = (kind: Kind, namespace: string): readonly Offer[] | undefined => {
  const [may] = useAccessReview({ ...REVIEWS[kind], verb: 'list', namespace });
  const key = `${kind} ${namespace}`;
  const [found, setFound] = useState<{ key: string; offers: readonly Offer[] }>();
  useEffect(() => {
    if (!may || !namespace) return undefined;
    const leaving = new AbortController();
    load(kind, namespace, leaving.signal).then(
      (offers) => setFound({ key, offers }),
      (error: unknown) => {
        if (!isAbort(error)) setFound(undefined);
      },
    );
    return () => leaving.abort();
  }, [kind, namespace, key, may]);
  return may && found?.key === key ? found.offers : undefined;
};
