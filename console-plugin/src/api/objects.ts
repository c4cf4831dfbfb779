/** Objects of Kubernetes that a form offers, and the server that it makes; by the user's own right. Never a Secret's data. */
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { withQuery } from './base';
import { GROUP, KUBERNETES, PLURAL, VERSION, ask } from './kubernetes';

const PAGE = 500;
const METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;q=0.1';

interface List<T> {
  kind?: string;
  metadata?: { continue?: string };
  items: T[];
}

interface Named {
  metadata: { name: string };
}

const inNamespace = (base: string, namespace: string, plural: string): string =>
  `${KUBERNETES}${base}/namespaces/${encodeURIComponent(namespace)}/${plural}`;

/** `fieldSelector` as Kubernetes has it. The first 500 names: a form is not for more. Throws ApiError. */
export const namesOf = async (
  plural: 'secrets' | 'configmaps',
  namespace: string,
  fieldSelector: string | undefined,
  signal: AbortSignal,
): Promise<string[]> => {
  const url = withQuery(inNamespace('/api/v1', namespace, plural), { limit: PAGE, fieldSelector });
  const answer = await ask(url, { method: 'GET', signal, headers: { Accept: METADATA } }); // names without their data
  return ((await answer.json()) as List<Named>).items.map(({ metadata }) => metadata.name);
};

export interface StorageLocation {
  name: string;
  /** `Available` or `Unavailable`, once Velero has looked. */
  phase?: string;
}

/** Of a namespace. Throws ApiError. */
export const storageLocations = async (namespace: string, signal: AbortSignal): Promise<StorageLocation[]> => {
  const url = withQuery(inNamespace('/apis/velero.io/v1', namespace, 'backupstoragelocations'), { limit: PAGE });
  const answer = await ask(url, { method: 'GET', signal });
  const found = (await answer.json()) as List<Named & { status?: { phase?: string } }>;
  return found.items.map(({ metadata, status }) => ({ name: metadata.name, phase: status?.phase }));
};

interface CreateOptions {
  /** Only say whether it could be made. */
  dryRun?: boolean;
  signal?: AbortSignal;
}

/** Throws KubernetesError, with what is wrong by field; ApiError; an AbortError when `signal` says so. */
export const createServer = async (server: K8sResourceKind, { dryRun, signal }: CreateOptions = {}): Promise<void> => {
  const place = inNamespace(`/apis/${GROUP}/${VERSION}`, server.metadata?.namespace ?? '', PLURAL);
  const url = withQuery(place, { fieldValidation: 'Strict', dryRun: dryRun ? 'All' : undefined });
  const headers = { 'Content-Type': 'application/json' };
  await ask(url, { method: 'POST', headers, body: JSON.stringify(server), signal });
};
