import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route, Routes } from 'react-router';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import { json, problem, serve } from '../../../test/api';
import type { Handler } from '../../../test/api';
import { aServer } from '../../../test/servers';
import { anEvent, aSession, aSnapshotSpan, aTrace } from '../../../test/traces';
import ActivityPage from '.';
import { busiest } from '../../model/busiest';

type Sees = { allServers: boolean; namespaces: string[]; allTenants: boolean; tenantNamespaces: string[] };
const EVERYTHING: Sees = { allServers: true, namespaces: [], allTenants: true, tenantNamespaces: [] };

const page = (at: string, handler: Handler, sees = EVERYTHING): void => {
  serve((url, init) => (url.pathname.endsWith('/access') ? json({ sees, actions: {} }) : handler(url, init)));
  render(
    <MemoryRouter initialEntries={[at]}>
      <Routes>
        <Route path="/bsls/activity/:namespace/:name/:trace" element={<ActivityPage />} />
        <Route path="/bsls/activity" element={<ActivityPage />} />
      </Routes>
    </MemoryRouter>,
  );
};

const servers = (...items: unknown[]): Response => json({ total: items.length, items });
const FAILED = aTrace({
  traceId: 'b'.repeat(32),
  subject: 'bob@vm-2.team-b',
  spans: [aSession(), aSnapshotSpan({ status: 'error', attributes: { path: '/srv', error: 'permission denied' } })],
});

afterEach(() => {
  vi.mocked(useActiveNamespace).mockReturnValue(['#ALL_NS#', () => undefined]);
});

describe('the activity', () => {
  const two: Handler = ({ pathname }) => {
    if (pathname.endsWith('/servers')) return servers(aServer('a', 'one'), aServer('b', 'two'));
    return json({ items: [pathname.includes('/b/two/') ? FAILED : aTrace()] });
  };

  it('tells who backed up at all servers, and why something failed', async () => {
    page('/bsls/activity', two);
    const bob = await screen.findByRole('row', { name: /bob@vm-2/ });
    expect(within(bob).getByText('Failed')).toBeInTheDocument();
    expect(within(bob).getByText('permission denied')).toBeInTheDocument();
    const alice = await screen.findByRole('row', { name: /alice@vm-1/ });
    expect(within(alice).getByText('Done')).toBeInTheDocument();
    expect(within(alice).getByText('1 KiB')).toBeInTheDocument();
  });

  it('is filtered by what the address says', async () => {
    page('/bsls/activity?outcome=problem', two);
    expect(await screen.findByRole('row', { name: /bob@vm-2/ })).toBeInTheDocument();
    expect(screen.queryByRole('row', { name: /alice@vm-1/ })).not.toBeInTheDocument();
  });

  it('shows the others where one server cannot be asked, and asks it again', async () => {
    let down = true;
    page('/bsls/activity', (url, init) => {
      if (down && url.pathname.includes('/b/two/')) throw problem(503, { detail: 'The event store does not answer.' });
      return two(url, init);
    });
    expect(await screen.findByRole('row', { name: /alice@vm-1/ })).toBeInTheDocument();
    expect(await screen.findByTestId('partial')).toHaveTextContent('b/two: The event store does not answer.');
    down = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('row', { name: /bob@vm-2/ })).toBeInTheDocument();
    expect(screen.queryByTestId('partial')).not.toBeInTheDocument();
  });

  it('says how to begin where nothing happened', async () => {
    page('/bsls/activity', ({ pathname }) =>
      pathname.endsWith('/servers') ? servers(aServer('a', 'one')) : json({ items: [] }),
    );
    expect(await screen.findByRole('heading', { name: 'No activity yet' })).toBeInTheDocument();
  });

  describe('of somebody who sees the tenants of some VMs only', () => {
    const NOTHING: Sees = { allServers: false, namespaces: [], allTenants: false, tenantNamespaces: [] };
    const limited = { namespace: 'a', name: 'one', status: { conditions: [] } };
    const answers: Handler = ({ pathname, searchParams }) => {
      if (pathname.endsWith('/servers'))
        return searchParams.get('vmNamespace') === 'team-a' ? servers(limited) : servers();
      return json({ items: [aTrace(), { ...FAILED, traceId: 'c'.repeat(32) }] });
    };

    it('asks for the namespace of their VMs', async () => {
      page('/bsls/activity', answers, NOTHING);
      expect(await screen.findByRole('heading', { name: 'Choose a namespace' })).toBeInTheDocument();
    });

    it('shows what those back up, and no other VMs of theirs', async () => {
      vi.mocked(useActiveNamespace).mockReturnValue(['team-a', () => undefined]);
      page('/bsls/activity', answers, NOTHING);
      expect(await screen.findByRole('row', { name: /alice@vm-1/ })).toBeInTheDocument();
      expect(screen.queryByRole('row', { name: /bob@vm-2/ })).not.toBeInTheDocument();
    });
  });

  it('is of the VMs in a namespace that has no server, for who sees all of them', async () => {
    vi.mocked(useActiveNamespace).mockReturnValue(['team-b', () => undefined]);
    page('/bsls/activity', (url, init) =>
      url.pathname.endsWith('/servers') && url.searchParams.get('namespace') ? servers() : two(url, init),
    );
    expect(await screen.findByRole('row', { name: /bob@vm-2/ })).toBeInTheDocument();
    expect(screen.queryByRole('row', { name: /alice@vm-1/ })).not.toBeInTheDocument();
  });

  it('reads the busiest servers first', () => {
    const old = aServer('a', 'old', { snapshots: { lastTime: '2020-01-01T00:00:00Z' } });
    const none = aServer('a', 'none', { snapshots: null });
    const limited = { namespace: 'b', name: 'limited', status: { conditions: [] } };
    expect(busiest([none, old, aServer('a', 'new'), limited])).toEqual(['b/limited', 'a/new', 'a/old', 'a/none']);
  });
});

describe('a trace', () => {
  const at = `/bsls/activity/backup/vms/${FAILED.traceId}`;

  it('shows what happened, why it failed, and the events of that time', async () => {
    const elsewhere = anEvent('storage.failed.v1', 20, { reason: 'x', message: 'The bucket is away.' });
    page(at, ({ pathname }) =>
      json({ items: pathname.endsWith('/traces') ? [{ ...FAILED, url: 'https://viewer.example/b' }] : [elsewhere] }),
    );
    expect(await screen.findByTestId('trace-reason')).toHaveTextContent('permission denied');
    const table = within(screen.getByRole('region', { name: 'Time line' })).getByRole('table');
    expect(within(table).getByRole('rowheader', { name: /Snapshot of \/home/ })).toHaveTextContent('permission denied');
    expect(await screen.findByText('The bucket is away.')).toBeInTheDocument();
    expect(screen.getByTestId('trace-viewer')).toHaveAttribute('href', 'https://viewer.example/b');
  });

  it('says so when it is no longer kept', async () => {
    page(at, () => json({ items: [] }));
    expect(await screen.findByRole('heading', { name: 'This trace is no longer kept' })).toBeInTheDocument();
  });
});
