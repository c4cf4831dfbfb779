/** Requests to Kubernetes itself, through the console, by the user's own right: logs, the deletion of a server, and what its annotations ask for. */
import { consoleFetch } from '@openshift-console/dynamic-plugin-sdk';
import { withQuery } from './base';
import { ApiError, apiError, failedResponse, isAbort } from './errors';

export const KUBERNETES = '/api/kubernetes';
export const GROUP = 'oadp.openshift.io';
export const VERSION = 'v1alpha1';
export const KIND = 'BackupStorageLocationServer';
export const PLURAL = 'backupstoragelocationservers';
const SERVER_LABEL = `${GROUP}/backup-storage-location-server`;
const REFRESH_USERS = `${GROUP}/refresh-users`;
export const KOPIA_CONTAINER = 'kopia';

interface Place {
  namespace: string;
  name: string;
}

/** One field that Kubernetes refuses. */
export interface Cause {
  /** Such as `spec.policy.files.ignore[0]`. */
  field?: string;
  message: string;
}

export class KubernetesError extends ApiError {
  constructor(
    status: number,
    title: string,
    detail: string,
    readonly causes: readonly Cause[],
  ) {
    super(status, title, detail);
  }
}

interface Status {
  message?: unknown;
  details?: { causes?: Cause[] };
}

/** Kubernetes' own sentence, where it sent a Status. */
const kubernetesError = (error: unknown): ApiError => {
  const response = failedResponse(error);
  const status = (error as { json?: Status }).json;
  if (response && typeof status?.message === 'string')
    return new KubernetesError(response.status, response.statusText, status.message, status.details?.causes ?? []);
  return apiError(error);
};

export const ask = async (url: string, init: RequestInit): Promise<Response> => {
  try {
    return await consoleFetch(url, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw kubernetesError(error);
  }
};

export interface Pod {
  name: string;
  created: string;
  /** The Kopia container was started, so that there is a log. */
  started: boolean;
}

interface PodList {
  items: {
    metadata: { name: string; creationTimestamp: string };
    status?: { containerStatuses?: { name: string; state?: object; restartCount?: number }[] };
  }[];
}

/** Pods of a server, the newest first. Throws ApiError. */
export const podsOf = async ({ namespace, name }: Place, signal: AbortSignal): Promise<Pod[]> => {
  const query = { labelSelector: `${SERVER_LABEL}=${name},app.kubernetes.io/name=kopia-server` };
  const url = withQuery(`${KUBERNETES}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, query);
  const found = (await (await ask(url, { method: 'GET', signal })).json()) as PodList;
  return found.items
    .map(({ metadata, status }): Pod => {
      const kopia = status?.containerStatuses?.find((one) => one.name === KOPIA_CONTAINER);
      const waiting = kopia?.state !== undefined && 'waiting' in kopia.state && !kopia.restartCount;
      return { name: metadata.name, created: metadata.creationTimestamp, started: kopia !== undefined && !waiting };
    })
    .sort((a, b) => b.created.localeCompare(a.created));
};

export interface LogOptions {
  /** Lines of the past. */
  tailLines?: number;
  /** RFC 3339. */
  sinceTime?: string;
  follow: boolean;
}

/** The log of the Kopia container as it is written, each line with its time. Throws ApiError. */
export const openLog = async (
  namespace: string,
  pod: string,
  options: LogOptions,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> => {
  const path = `${KUBERNETES}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
  const query = { container: KOPIA_CONTAINER, timestamps: true, ...options };
  const response = await ask(withQuery(path, query), { method: 'GET', signal });
  if (!response.body) throw new ApiError(0, 'the log has no body', '');
  return response.body;
};

const urlOf = ({ namespace, name }: Place): string =>
  `${KUBERNETES}/apis/${GROUP}/${VERSION}/namespaces/${encodeURIComponent(namespace)}/${PLURAL}/${encodeURIComponent(name)}`;

/** Throws ApiError. */
export const deleteServer = async (place: Place): Promise<void> => {
  await ask(urlOf(place), { method: 'DELETE' });
};

/** `request`: another text than before; `status.usersRefresh` repeats it when it was carried out. Throws ApiError. */
export const refreshUsers = async (place: Place, request: string): Promise<void> => {
  await ask(urlOf(place), {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/merge-patch+json' },
    body: JSON.stringify({ metadata: { annotations: { [REFRESH_USERS]: request } } }),
  });
};
