import { describe, expect, it } from 'vitest';
import { newServer } from './newServer';

describe('newServer', () => {
  it('is of the chosen namespace, and so is its location', () => {
    const made = newServer('backup');
    expect(made.metadata?.namespace).toBe('backup');
    expect(made.spec).toMatchObject({ backupStorageLocation: { namespace: 'backup' } });
  });
  it('takes the usual one where all are looked at', () => {
    expect(newServer('#ALL_NS#').metadata?.namespace).toBe('openshift-adp');
    expect(newServer(undefined)).toEqual(newServer('#ALL_NS#'));
  });
});
