/** Kinds of Kubernetes, as its own discovery tells them. */
import type { K8sGroupVersionKind, K8sModel, K8sVerb } from '@openshift-console/dynamic-plugin-sdk';
import { consoleFetchJSON } from '../sdk/fetch';
import { store } from '../store';

export const KUBERNETES = '/api/kubernetes';

interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  verbs: string[];
  shortNames?: string[];
}

/** By `group~version~kind`; null: there is no such kind. */
export const models = store<ReadonlyMap<string, K8sModel | null>>(new Map());

const asked = new Map<string, Promise<void>>();

export const reference = ({ group, version, kind }: K8sGroupVersionKind): string =>
  `${group && group !== 'core' ? group : 'core'}~${version}~${kind}`;

/** Of `group~version~kind`, or of the kind alone for those of the core group. */
export const parseReference = (text: string): K8sGroupVersionKind => {
  const [group = '', version, kind] = text.split('~');
  if (!version || !kind) return { version: 'v1', kind: text };
  return { group: group === 'core' ? '' : group, version, kind };
};

const words = (kind: string): string => kind.replace(/([a-z0-9])([A-Z])/g, '$1 $2');
const abbreviation = (kind: string): string => (kind.replace(/[a-z0-9]/g, '') || kind).slice(0, 4).toUpperCase();

const modelOf = (group: string, version: string, found: ApiResource): K8sModel => ({
  abbr: abbreviation(found.kind),
  kind: found.kind,
  label: words(found.kind),
  labelPlural: `${words(found.kind)}s`,
  plural: found.name,
  apiGroup: group || undefined,
  apiVersion: version,
  namespaced: found.namespaced,
  verbs: found.verbs as K8sVerb[],
  shortNames: found.shortNames,
  crd: group.includes('.'),
});

export const groupPath = (group: string | undefined, version: string): string =>
  group && group !== 'core' ? `/apis/${group}/${version}` : `/api/${version}`;

const add = (entries: [string, K8sModel | null][]): void => models.set(new Map([...models.get(), ...entries]));

interface Groups {
  at: number;
  /** `group/version` of each. */
  versions: Promise<ReadonlySet<string>>;
}

const STALE_MS = 30_000; // a kind that was not there may have been installed meanwhile
let groups: Groups | undefined;

const askGroups = async (): Promise<ReadonlySet<string>> => {
  const found = (await consoleFetchJSON(`${KUBERNETES}/apis`)) as {
    groups: { versions: { groupVersion: string }[] }[];
  };
  return new Set(found.groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => groupVersion)));
};

/** Asked of the list of groups: to ask for one that is not there would be an error. */
const isServed = async (group: string, version: string): Promise<boolean> => {
  if (!groups || Date.now() - groups.at > STALE_MS) groups = { at: Date.now(), versions: askGroups() };
  try {
    return (await groups.versions).has(`${group}/${version}`);
  } catch (error) {
    groups = undefined;
    throw error;
  }
};

const discover = async (group: string, version: string): Promise<void> => {
  if (group && !(await isServed(group, version))) {
    asked.delete(groupPath(group, version)); // to be asked again by the next who needs it
    return;
  }
  const url = KUBERNETES + groupPath(group, version);
  const found = (await consoleFetchJSON(url)) as { resources?: ApiResource[] };
  const kinds = (found.resources ?? []).filter((one) => !one.name.includes('/'));
  add(kinds.map((one) => [reference({ group, version, kind: one.kind }), modelOf(group, version, one)]));
};

/** Asks for the kinds of this group, once. Where they cannot be had, the kind is unknown until asked again. */
export const needModel = async (gvk: K8sGroupVersionKind): Promise<K8sModel | undefined> => {
  const group = gvk.group === 'core' ? '' : (gvk.group ?? '');
  const key = reference(gvk);
  const place = groupPath(group, gvk.version);
  let flight = asked.get(place);
  if (!flight) {
    flight = discover(group, gvk.version).catch((error: unknown) => {
      asked.delete(place);
      add([[key, null]]);
      throw error;
    });
    asked.set(place, flight);
  }
  try {
    await flight;
  } catch {
    return undefined; // known as null: who needs the kind says that it is not there
  }
  const found = models.get().get(key);
  if (found === undefined) add([[key, null]]);
  return found ?? undefined;
};
