/** A server that is being written: its fields by path, and its text. Pure. */
import { load } from 'js-yaml';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { GROUP, KIND, VERSION } from '../../api';
import { SPEC } from './crd';
import { check, isFields, withDefaults } from './schema';
import type { Schema, Wrong } from './schema';

const NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
const NAMESPACE = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** The whole object: Kubernetes' own part, as far as it concerns who writes one, and the CRD's. */
const SERVER: Schema = {
  type: 'object',
  required: ['metadata', 'spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: {
      type: 'object',
      required: ['name', 'namespace'],
      properties: {
        name: { type: 'string', pattern: NAME, maxLength: 253 },
        namespace: { type: 'string', pattern: NAMESPACE, maxLength: 63 },
      },
      additionalProperties: {},
    },
    spec: SPEC,
    status: {},
  },
};

/** Which part of the schema a path such as `spec.service.port` means. */
export const schemaAt = (path: string): Schema => {
  const found = path
    .split('.')
    .reduce<Schema | undefined>((at, name) => at?.properties?.[name] ?? at?.additionalProperties, SERVER);
  if (!found) throw new Error(`the CRD has no ${path}`);
  return found;
};

/** All that is wrong, by the CRD. */
export const wrongOf = (server: K8sResourceKind): Wrong[] =>
  check(SERVER, withDefaults(SERVER, server), '').map(({ path, fault }) => ({ path: path.replace(/^\./, ''), fault }));

export const valueAt = (server: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (isFields(at) ? at[name] : undefined), server);

const put = (of: unknown, [name, ...rest]: string[], value: unknown, kept: number): unknown => {
  if (name === undefined) return value;
  const fields = isFields(of) ? of : {};
  const next = put(fields[name], rest, value, kept - 1);
  const empty = next === undefined || (kept < 1 && rest.length > 0 && isFields(next) && !Object.keys(next).length);
  return empty
    ? Object.fromEntries(Object.entries(fields).filter(([one]) => one !== name))
    : { ...fields, [name]: next };
};

/** With another value at `path`. Without one (undefined, '') it goes, and what it leaves empty, except `kept` and above. */
export const withValue = (server: K8sResourceKind, path: string, value: unknown, kept = 'spec'): K8sResourceKind =>
  put(server, path.split('.'), value === '' ? undefined : value, kept.split('.').length) as K8sResourceKind;

export type Read = { server: K8sResourceKind } | { reason: string };

/** The YAML of a server, or why it is none. */
export const readYaml = (text: string): Read => {
  let found: unknown;
  try {
    found = load(text);
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
  const wanted = `${GROUP}/${VERSION}`;
  if (!isFields(found) || found['kind'] !== KIND || found['apiVersion'] !== wanted)
    return { reason: `apiVersion: ${wanted}, kind: ${KIND}` };
  return { server: found };
};
