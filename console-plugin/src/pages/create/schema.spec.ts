import { describe, expect, it } from 'vitest';
import { holds, quantity } from './cel';
import { SPEC } from './crd';
import { newServer } from './newServer';
import type { Schema } from './schema';
import { withValue, wrongOf } from './values';

const rules = (schema: Schema): string[] => [
  ...(schema.rules ?? []).map(({ rule }) => rule),
  ...[...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties].flatMap((one) =>
    one ? rules(one) : [],
  ),
];

const given = newServer('backup');
const told = (path: string, value: unknown, from = given): string[] =>
  wrongOf(withValue(from, path, value)).map(
    (one) => `${one.path}: ${one.fault.kind === 'rule' ? one.fault.message : one.fault.kind}`,
  );

/** A value of the kind that the rule's field has. */
const example = (rule: string): unknown => {
  if (/^isIP/.test(rule)) return '10.0.0.1';
  if (/^isCIDR/.test(rule)) return '10.0.0.0/8';
  if (/self\.requests/.test(rule)) return { requests: { cpu: '1', memory: 1 }, limits: { cpu: '2', memory: '4Gi' } };
  if (/self\.operator/.test(rule)) return { operator: 'In', values: ['a'] };
  if (/has\(self\.secret\)/.test(rule)) return { secret: { name: 'a', key: 'b' } };
  return /has\(self\./.test(rule) ? {} : /duration|\{1,6\}h/.test(rule) ? '30h' : 'a';
};

describe('the rules of the CRD', () => {
  const all = [...new Set(rules(SPEC))];

  it('are taken from it', () => expect(all.length).toBeGreaterThan(18));

  it.each(all)('%s is evaluated, and holds for what is right', (rule) => {
    expect(holds(rule, example(rule))).toBe(true);
  });
});

describe('what is wrong', () => {
  it('is nothing with what the form begins with', () => expect(wrongOf(given)).toEqual([]));

  it.each([
    ['metadata.name', 'A b', 'metadata.name: malformed'],
    ['spec.prefix', '../vms', 'spec.prefix: must not contain'],
    ['spec.prefix', '/vms', 'spec.prefix: must not start or end'],
    ['spec.prefix', 'x'.repeat(201), 'spec.prefix: tooLong'],
    ['spec.backupStorageLocation.name', '', 'spec.backupStorageLocation.name: required'],
    ['spec.repositoryPasswordSecret.key', 'a/b', 'spec.repositoryPasswordSecret.key: must be a key'],
    ['spec.service.port', 70000, 'spec.service.port: atMost'],
    ['spec.service.port', 0, 'spec.service.port: atLeast'],
    ['spec.service.port', 'ten', 'spec.service.port: type'],
    ['spec.service.nodePort', 30000, 'spec.service.nodePort: nodePort needs type'],
    ['spec.service.type', 'Strange', 'spec.service.type: oneOf'],
    ['spec.service.loadBalancerSourceRanges', ['10.0.0.0/33'], 'spec.service.loadBalancerSourceRanges[0]: must be'],
    ['spec.objectives.maxSnapshotAge', '1 day', 'spec.objectives.maxSnapshotAge: must be a duration'],
    ['spec.objectives.maxSnapshotAge', '0h', 'spec.objectives.maxSnapshotAge: must be longer'],
    ['spec.repository.retentionMode', 'GOVERNANCE', 'spec.repository.retentionMode: retentionMode and'],
    ['spec.repository', { retentionMode: 'COMPLIANCE', retentionPeriod: '2h' }, 'at least 24h'],
    ['spec.policy.retention.keepDaily', 1.5, 'spec.policy.retention.keepDaily: type'],
    ['spec.podConfig.podResources', { requests: { cpu: '2' }, limits: { cpu: '700m' } }, 'must not exceed'],
    ['spec.podConfig.podResources.limits.memory', '4Gb', 'limits.memory: malformed'],
    ['spec.userManagement', undefined, 'spec.userManagement.source: needs exactly one'],
    ['spec.surprise', 1, 'spec.surprise: unknown'],
    ['spec.policy', null, 'spec.policy: type'],
  ])('%s: %j is told', (path, value, expected) => {
    const found = told(path, value);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });

  it('is not what defaults make right', () => {
    expect(told('spec.service', { type: 'NodePort', nodePort: 30000 })).toEqual([]);
    expect(told('spec.podConfig.podResources', { requests: { cpu: 0.7 + '' }, limits: { cpu: '700m' } })).toEqual([]);
  });
});

it('quantities are those of Kubernetes', () => {
  expect(['700m', '4Gi', '1k', '1e3', '.5', '100n'].map(quantity)).toEqual([0.7, 4 * 1024 ** 3, 1000, 1000, 0.5, 1e-7]);
  expect(quantity('4Gb')).toBeNaN();
});
