import { render, screen, within } from '@testing-library/react';
import { HealthState } from '@openshift-console/dynamic-plugin-sdk';
import i18next from 'i18next';
import { MemoryRouter } from 'react-router';
import { describe, expect, it } from 'vitest';
import { aServer } from '../../test/servers';
import { getTimestamp, isActivity, Item } from './activity';
import { healthHandler, Popup } from './health';
import { mapper, model } from './inventory';
import type { Watched } from './watched';

const SINCE = '2026-11-28T02:00:00Z';
const condition = (type: string, status: 'True' | 'False', reason: string, message = '') => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: SINCE,
});
const watched = (name: string, conditions?: object[], more: object = {}): Watched => {
  const { namespace, spec, status } = aServer('backup', name);
  const told = { ...status, tenants: { total: 3, overdue: 0 }, ...more, ...(conditions && { conditions }) };
  return { metadata: { namespace, name, uid: name }, spec, status: told as Watched['status'] };
};
const GOOD = watched('good');
const DOWN = watched('down', [
  condition('Available', 'False', 'StorageUnreachable', 'The bucket does not answer.'),
  condition('Degraded', 'True', 'StorageUnreachable'),
]);
const WEAK = watched('weak', [
  condition('Available', 'True', 'ServerReady'),
  condition('Degraded', 'True', 'UsersRejected'),
]);
const STARTS = watched('starts', [
  condition('Available', 'False', 'PodStarting'),
  condition('Progressing', 'True', 'PodStarting', 'The pod starts.'),
]);
const LATE = watched('late', undefined, { tenants: { total: 9, overdue: 4 } });
const NEW: Watched = { metadata: { namespace: 'backup', name: 'new' } };

const found = (data: Watched[], loaded = true, loadError?: unknown) => ({ servers: { data, loaded, loadError } });

describe('the health of the servers', () => {
  const told = (...servers: Watched[]) => healthHandler(found(servers), i18next.t);

  it.each([
    [HealthState.OK, undefined, [GOOD]],
    [HealthState.ERROR, '1 unavailable, 1 degraded', [GOOD, WEAK, DOWN]],
    [HealthState.WARNING, '1 degraded', [WEAK, STARTS]],
    [HealthState.WARNING, '4 tenants overdue', [GOOD, LATE]],
    [HealthState.PROGRESS, undefined, [GOOD, STARTS]],
    [HealthState.UNKNOWN, undefined, [GOOD, NEW]],
    [HealthState.NOT_AVAILABLE, 'There is none yet.', []],
  ])('is %s: %s', (state, message, servers) => {
    expect(told(...servers)).toEqual({ state, message });
  });

  it('is not told to who may not know, nor before it is known', () => {
    expect(healthHandler(found([], false) as never, i18next.t)).toEqual({ state: HealthState.LOADING });
    expect(healthHandler(found([], false, new Error('403')) as never, i18next.t).state).toBe(HealthState.NOT_AVAILABLE);
  });

  it('leads to what is wrong, the worst first', () => {
    render(<Popup servers={found([GOOD, LATE, WEAK, DOWN]).servers} />, { wrapper: MemoryRouter });
    expect(screen.getByText('3 servers need a look.')).toBeInTheDocument();
    const lines = screen.getAllByRole('listitem');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toHaveTextContent('backup/down');
    expect(lines[0]).toHaveTextContent('The bucket does not answer.');
    expect(within(lines[2]!).getByRole('link', { name: '4 tenants overdue' })).toHaveAttribute(
      'href',
      '/bsls/servers/backup/late/tenants?overdue=true',
    );
  });
});

describe('the inventory', () => {
  it('groups servers as the console knows groups', () => {
    expect(mapper([GOOD, DOWN, WEAK, STARTS, NEW])).toEqual({
      NOT_MAPPED: { statusIDs: ['available'], count: 1 },
      ERROR: { statusIDs: ['unavailable'], count: 1 },
      WARN: { statusIDs: ['degraded'], count: 1 },
      PROGRESS: { statusIDs: ['progressing'], count: 1 },
      UNKNOWN: { statusIDs: ['unknown'], count: 1 },
    });
    expect(model.labelPluralKey).toBe('plugin__bsls-console-plugin~File backup servers');
  });
});

describe('the activity', () => {
  it('is of servers at work, since they are', () => {
    const gone: Watched = { ...GOOD, metadata: { ...GOOD.metadata, deletionTimestamp: '2026-11-28T03:00:00Z' } };
    expect([GOOD, DOWN, STARTS, NEW, gone].map(isActivity)).toEqual([false, false, true, false, true]);
    expect(getTimestamp(STARTS)).toEqual(new Date(SINCE));
    expect(getTimestamp(gone)).toEqual(new Date('2026-11-28T03:00:00Z'));
  });

  it('says what is done', () => {
    render(<Item resource={STARTS} />, { wrapper: MemoryRouter });
    expect(screen.getByTestId('bsls-at-work')).toHaveTextContent('backup/starts The pod starts.');
  });
});
