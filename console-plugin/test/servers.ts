/** Servers as the API answers them, for unit tests. */
import type { Server, ServerDetail } from '../src/api';

const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-01T00:00:00Z',
});

export const aServer = (namespace: string, name: string, status: Partial<Server['status']> = {}): Server => ({
  namespace,
  name,
  uid: `uid-${name}`,
  generation: 1,
  creationTimestamp: '2026-11-01T00:00:00Z',
  spec: {
    backupStorageLocation: { name: 'default', namespace },
    prefix: name,
    repositoryPasswordSecret: { name: 'password', key: 'password' },
    userManagement: { source: { secret: { name: 'users', key: 'users' } } },
  },
  status: {
    conditions: [
      condition('Available', 'True', 'ServerReady', 'Tenants can connect.'),
      condition('Progressing', 'False', 'Settled', ''),
      condition('Degraded', 'False', 'AsExpected', ''),
    ],
    repositoryStatus: 'Initialized',
    tlsNotAfter: '2027-11-01T00:00:00Z',
    tenants: { total: 3, overdue: 1 },
    snapshots: { total: 10, incomplete: 0, lastTime: '2026-11-27T03:00:00Z' },
    ...status,
  },
});

export const aDetail = (
  namespace: string,
  name: string,
  figures: { tenants: number; overdue: number; sessions: number },
): ServerDetail => ({
  ...aServer(namespace, name),
  figures: {
    tenants: { total: figures.tenants, overdue: figures.overdue },
    snapshots: { total: 10, incomplete: 0, lastTime: '2026-11-28T03:00:00Z' },
    sessions: figures.sessions,
  },
});
