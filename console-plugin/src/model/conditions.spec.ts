import { describe, expect, it } from 'vitest';
import { aServer } from '../../test/servers';
import type { Server } from '../api';
import { aspectsOf, daysLeft, expiry } from './conditions';

const told = (...conditions: [type: string, status: 'True' | 'False' | 'Unknown', reason: string][]): Server =>
  aServer('a', 'b', {
    conditions: conditions.map(([type, status, reason]) => ({
      type,
      status,
      reason,
      message: `${reason}.`,
      lastTransitionTime: '2026-11-01T00:00:00Z',
    })),
  });

describe('conditions', () => {
  it('have the wrong ones first, whichever value is the wrong one', () => {
    const found = aspectsOf(
      told(
        ['Available', 'True', 'ServerReady'],
        ['Progressing', 'True', 'SyncingUsers'],
        ['Degraded', 'True', 'BucketNotFound'],
        ['StorageReady', 'False', 'BucketNotFound'],
        ['UsersSynced', 'Unknown', 'ServerNotReady'],
      ),
    );
    expect(found.map(({ type, tone }) => [type, tone])).toEqual([
      ['Degraded', 'bad'],
      ['StorageReady', 'bad'],
      ['UsersSynced', 'unknown'],
      ['Progressing', 'working'],
      ['Available', 'good'],
    ]);
    expect(found[0]?.message).toBe('BucketNotFound.');
  });

  it('do not call a server that only starts broken', () => {
    const starting = told(['Available', 'False', 'ServerStarting'], ['Progressing', 'True', 'ServerStarting']);
    expect(aspectsOf(starting).map(({ tone }) => tone)).toEqual(['working', 'working']);
    const broken = told(['Available', 'False', 'X'], ['Progressing', 'True', 'X'], ['Degraded', 'True', 'X']);
    expect(aspectsOf(broken)[0]).toMatchObject({ type: 'Available', tone: 'bad' });
  });
});

describe('a certificate', () => {
  const end = '2027-01-01T00:00:00Z';
  it.each([
    ['2026-11-01T00:00:00Z', 61, 'far'],
    ['2026-12-02T00:00:00Z', 30, 'far'],
    ['2026-12-02T00:00:01Z', 29, 'soon'],
    ['2026-12-31T23:59:59Z', 0, 'soon'],
    ['2027-01-01T00:00:01Z', -1, 'ended'],
  ])('has at %s %i days left: %s', (now, days, state) => {
    expect(daysLeft(end, Date.parse(now))).toBe(days);
    expect(expiry(days)).toBe(state);
  });
});
