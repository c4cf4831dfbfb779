/** Checks an object against a schema of the CRD as the API server does: defaults first, then structure, then rules. Pure. */
import { breaks } from './cel';

export interface Rule {
  /** CEL. */
  rule: string;
  message: string;
}

/** The part of OpenAPI v3 that structural schemas of a CRD are made of. */
export interface Schema {
  type?: string;
  description?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  default?: unknown;
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  maxProperties?: number;
  intOrString?: boolean;
  rules?: Rule[];
}

/** What is wrong; `rule` has the CRD's own sentence. */
export type Fault =
  | { kind: 'required' | 'unknown' | 'malformed' }
  | { kind: 'type'; type: string }
  | { kind: 'atLeast' | 'atMost' | 'tooShort' | 'tooLong' | 'tooMany'; limit: number }
  | { kind: 'oneOf'; values: string[] }
  | { kind: 'rule'; message: string };

/** `path` as the API server writes it: `spec.policy.files.ignore[0]`. */
export interface Wrong {
  path: string;
  fault: Fault;
}

type Fields = Record<string, unknown>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** With the defaults of what is not there, as far as their parents are. */
export const withDefaults = (schema: Schema, value: unknown): unknown => {
  if (value === undefined && schema.default !== undefined) return withDefaults(schema, schema.default);
  if (!isFields(value) || !schema.properties) return value;
  const filled = Object.entries(schema.properties)
    .map(([name, of]) => [name, withDefaults(of, value[name])] as const)
    .filter(([, found]) => found !== undefined);
  return { ...value, ...Object.fromEntries(filled) };
};

const TYPES: Record<string, (value: unknown) => boolean> = {
  object: isFields,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
};

const typeFault = ({ type, intOrString }: Schema, value: unknown): Fault | undefined => {
  if (intOrString && (typeof value === 'string' || Number.isInteger(value))) return undefined;
  const wanted = intOrString ? 'string' : type;
  return wanted && !TYPES[wanted]?.(value) ? { kind: 'type', type: wanted } : undefined;
};

const limit = (
  kind: 'atLeast' | 'atMost' | 'tooShort' | 'tooLong' | 'tooMany',
  broken: boolean,
  at?: number,
): Fault[] => (broken && at !== undefined ? [{ kind, limit: at }] : []);

const over = (size: number, most?: number): boolean => most !== undefined && size > most;
const under = (size: number, least?: number): boolean => least !== undefined && size < least;

const ownFaults = (schema: Schema, value: unknown): Fault[] => {
  if (typeof value === 'number')
    return [
      ...limit('atLeast', under(value, schema.minimum), schema.minimum),
      ...limit('atMost', over(value, schema.maximum), schema.maximum),
    ];
  if (Array.isArray(value)) return limit('tooMany', over(value.length, schema.maxItems), schema.maxItems);
  if (isFields(value))
    return limit('tooMany', over(Object.keys(value).length, schema.maxProperties), schema.maxProperties);
  if (typeof value !== 'string') return [];
  const length = [...value].length;
  return [
    ...limit('tooShort', under(length, schema.minLength), schema.minLength),
    ...limit('tooLong', over(length, schema.maxLength), schema.maxLength),
    ...(schema.pattern && !new RegExp(schema.pattern, 'u').test(value) ? [{ kind: 'malformed' } as const] : []),
    ...(schema.enum && !schema.enum.includes(value) ? [{ kind: 'oneOf', values: schema.enum } as const] : []),
  ];
};

const missing = (schema: Schema, path: string): Wrong[] =>
  schema.type === 'object' && (schema.required || schema.rules)
    ? check(schema, {}, path) // so that it is said at the fields
    : [{ path, fault: { kind: 'required' } }];

const within = (schema: Schema, value: unknown, path: string): Wrong[] => {
  if (Array.isArray(value) && schema.items) {
    const of = schema.items;
    return value.flatMap((one, at) => check(of, one, `${path}[${at}]`));
  }
  if (!isFields(value) || !(schema.properties || schema.additionalProperties)) return [];
  const absent = (schema.required ?? [])
    .filter((name) => value[name] === undefined)
    .flatMap((name) => missing(schema.properties?.[name] ?? {}, `${path}.${name}`));
  const present = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .flatMap(([name, one]): Wrong[] => {
      const of = schema.properties?.[name] ?? schema.additionalProperties;
      return of ? check(of, one, `${path}.${name}`) : [{ path: `${path}.${name}`, fault: { kind: 'unknown' } }];
    });
  return [...absent, ...present];
};

/** A rule of an object is told at the field that its sentence begins with, if there is one. */
const placeOf = (schema: Schema, { message }: Rule, path: string): string => {
  const first = /^\w+/.exec(message)?.[0] ?? '';
  return schema.properties?.[first] ? `${path}.${first}` : path;
};

/** All that is wrong with `value`, whose defaults are in place. Rules are asked where the structure is right. */
export function check(schema: Schema, value: unknown, path: string): Wrong[] {
  const type = typeFault(schema, value);
  if (type) return [{ path, fault: type }];
  const found = [...ownFaults(schema, value).map((fault) => ({ path, fault })), ...within(schema, value, path)];
  if (found.length) return found;
  return (schema.rules ?? [])
    .filter(({ rule }) => breaks(rule, value))
    .map((rule) => ({ path: placeOf(schema, rule, path), fault: { kind: 'rule', message: rule.message } }));
}
