/** Requests for objects of Kubernetes: k8sGet and its kin. */
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { K8sModel, K8sResourceCommon } from '@openshift-console/dynamic-plugin-sdk';
import { consoleFetchJSON } from '../sdk/fetch';
import { KUBERNETES, groupPath } from './models';

export interface Place {
  ns?: string;
  name?: string;
  path?: string;
  queryParams?: Record<string, unknown>;
}

const query = (parameters: Record<string, unknown> = {}): string => {
  const set = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
};

export const resourceURL = (model: K8sModel, { ns, name, path, queryParams }: Place = {}): string => {
  const parts = [
    ...(ns && model.namespaced !== false ? ['namespaces', ns] : []),
    model.plural,
    ...(name ? [name] : []),
  ].map(encodeURIComponent);
  return `${KUBERNETES}${groupPath(model.apiGroup, model.apiVersion)}/${parts.join('/')}${path ? `/${path}` : ''}${query(queryParams)}`;
};

const placeOf = (resource: K8sResourceCommon, more: Place): Place => ({
  ...more,
  ns: more.ns ?? resource.metadata?.namespace,
  name: more.name ?? resource.metadata?.name,
});

export const k8sGet: typeof Sdk.k8sGet = ({ model, requestInit, ...place }) =>
  consoleFetchJSON(resourceURL(model, place), 'GET', requestInit);

export const k8sCreate: typeof Sdk.k8sCreate = ({ model, data, ...more }) => {
  const { ns, path, queryParams } = placeOf(data, more);
  const name = path ? (more.name ?? data.metadata?.name) : undefined; // only a subresource is created below a name
  return consoleFetchJSON.post(resourceURL(model, { ns, name, path, queryParams }), data);
};

export const k8sUpdate: typeof Sdk.k8sUpdate = ({ model, data, ...more }) =>
  consoleFetchJSON.put(resourceURL(model, placeOf(data, more)), data);

export const k8sPatch: typeof Sdk.k8sPatch = ({ model, resource, data, ...more }) =>
  consoleFetchJSON.patch(resourceURL(model, placeOf(resource, more)), data);

export const k8sDelete: typeof Sdk.k8sDelete = ({ model, resource, requestInit, json, ...more }) => {
  const policy = model.propagationPolicy;
  const options = json ?? (policy ? { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: policy } : undefined);
  return consoleFetchJSON.delete(resourceURL(model, placeOf(resource, more)), options, requestInit);
};

interface Listed<R> {
  apiVersion?: string;
  kind?: string;
  metadata?: { resourceVersion?: string };
  items: R[];
}

export const list = async <R extends K8sResourceCommon>(
  model: K8sModel,
  { ns, ...queryParams }: Record<string, unknown> = {},
  requestInit?: RequestInit,
): Promise<Listed<R>> => {
  const url = resourceURL(model, { ns: ns as string | undefined, queryParams });
  const found = (await consoleFetchJSON(url, 'GET', requestInit)) as Listed<R>;
  // In a list, objects do not say what they are.
  const apiVersion = found.apiVersion;
  return { ...found, items: (found.items ?? []).map((one) => ({ apiVersion, kind: model.kind, ...one })) };
};

export const k8sListItems: typeof Sdk.k8sListItems = async <R extends K8sResourceCommon>({
  model,
  queryParams,
  requestInit,
}: Parameters<typeof Sdk.k8sListItems>[0]) => (await list<R>(model, queryParams, requestInit)).items;

export const k8sList: typeof Sdk.k8sList = async <R extends K8sResourceCommon>({
  model,
  queryParams,
  requestInit,
}: Parameters<typeof Sdk.k8sList>[0]) => (await list<R>(model, queryParams, requestInit)).items;
