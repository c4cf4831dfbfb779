import { describe, expect, it } from 'vitest';
import { aDetail, aServer } from '../../../test/servers';
import { filterRows, sortRows, toRow } from './rows';

describe('a row', () => {
  it('tells what the status tells', () => {
    expect(toRow(aServer('backup', 'vms'))).toEqual({
      key: 'backup/vms',
      namespace: 'backup',
      name: 'vms',
      health: 'available',
      reason: 'ServerReady',
      message: 'Tenants can connect.',
      repository: 'Initialized',
      tlsNotAfter: Date.parse('2027-11-01T00:00:00Z'),
      tenants: 3,
      overdue: 1,
      lastSnapshot: Date.parse('2026-11-27T03:00:00Z'),
      sessions: undefined,
    });
  });

  it('tells the newer figures of the detail, zero among them', () => {
    const row = toRow(aServer('backup', 'vms'), aDetail('backup', 'vms', { tenants: 4, overdue: 0, sessions: 2 }));
    expect(row).toMatchObject({ tenants: 4, overdue: 0, sessions: 2 });
  });

  it('leaves out what a tenant viewer may not see', () => {
    const row = toRow({ namespace: 'backup', name: 'vms', status: { conditions: [] } });
    expect(row).toEqual({ key: 'backup/vms', namespace: 'backup', name: 'vms', health: 'unknown' });
  });
});

const rows = [
  toRow(aServer('b', 'two')),
  { ...toRow(aServer('a', 'one')), health: 'degraded' as const, overdue: undefined },
  { ...toRow(aServer('c', 'three')), overdue: 5, health: 'unavailable' as const },
];
const keys = (found: readonly { key: string }[]): string[] => found.map((row) => row.key);

describe('the list', () => {
  it.each([
    [{ text: ' B/T', healths: [], overdueOnly: false }, ['b/two']],
    [{ text: '', healths: ['degraded', 'unavailable'] as const, overdueOnly: false }, ['a/one', 'c/three']],
    [{ text: '', healths: [], overdueOnly: true }, ['b/two', 'c/three']],
  ])('is filtered by %j', (filter, expected) => {
    expect(keys(filterRows(rows, filter))).toEqual(expected);
  });

  it('has the worst first by health, and the unknown last in either direction', () => {
    expect(keys(sortRows(rows, { column: 'health', direction: 'asc' }))).toEqual(['c/three', 'a/one', 'b/two']);
    expect(keys(sortRows(rows, { column: 'overdue', direction: 'asc' }))).toEqual(['b/two', 'c/three', 'a/one']);
    expect(keys(sortRows(rows, { column: 'overdue', direction: 'desc' }))).toEqual(['c/three', 'b/two', 'a/one']);
  });
});
