import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router';
import { describe, expect, it } from 'vitest';
import { json, problem, serve } from '../../test/api';
import type { Handler } from '../../test/api';
import { aServer } from '../../test/servers';
import { aTenant } from '../../test/traces';
import BslTab from './bsl';
import VmTab from './vm';

const ALICE = 'alice@vm-1.team-a';
const VM = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { namespace: 'team-a', name: 'vm-1' } };
const BSL = {
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { namespace: 'backup', name: 'default' },
};
const list = (...items: unknown[]): Response => json({ total: items.length, items });
const SNAPSHOT = {
  snapshot: 'm1',
  user: ALICE,
  path: '/home',
  startTime: '2026-11-28T02:00:00Z',
  sizeBytes: 1024,
  files: 12,
  errors: 0,
  ignoredErrors: 0,
  complete: true,
};
const connectOf = (user: string) => ({ user, command: `connect ${user}`, powerShell: 'p', cloudInit: 'c' });

const connect: Handler = ({ pathname }) =>
  json(connectOf(decodeURIComponent(/tenants\/([^/]+)\/connect$/.exec(pathname)?.[1] ?? '')));

const vmTab = (handler: Handler): void => {
  serve((url, init) => (url.pathname.endsWith('/connect') ? connect(url, init) : handler(url, init)));
  render(<VmTab obj={VM} />, { wrapper: MemoryRouter });
};

describe('the tab of a virtual machine', () => {
  const two: Handler = ({ pathname, searchParams }) => {
    if (pathname.endsWith('/servers')) return list(aServer('a', 'one'), aServer('b', 'two'));
    expect(searchParams.get('vmNamespace')).toBe('team-a');
    if (pathname.endsWith('/snapshots')) return list(SNAPSHOT);
    if (pathname.includes('/a/one/'))
      return list(aTenant({ user: ALICE }), aTenant({ user: 'alice@vm-1.team-a.other' }));
    return list();
  };

  it('shows its tenants wherever they are, and no other VMs of a longer name', async () => {
    vmTab(two);
    const card = await screen.findByTestId(`tenant-${ALICE}`);
    expect(within(card).getByRole('link', { name: ALICE })).toHaveAttribute(
      'href',
      `/bsls/tenants/a/one/${encodeURIComponent(ALICE)}`,
    );
    expect(within(card).getByRole('link', { name: 'a/one' })).toBeInTheDocument();
    expect(await within(card).findByTestId('snapshot-m1')).toHaveTextContent('/home');
    expect(screen.queryByText('alice@vm-1.team-a.other')).not.toBeInTheDocument();
    await userEvent.click(within(card).getByRole('button', { name: 'Connect this VM' }));
    expect(await within(card).findByText(`connect ${ALICE}`)).toBeInTheDocument();
  });

  it('says how to begin where nothing was backed up yet', async () => {
    vmTab(({ pathname }) => (pathname.endsWith('/servers') ? list(aServer('a', 'one'), aServer('b', 'two')) : list()));
    expect(await screen.findByText('connect root@vm-1.team-a')).toBeInTheDocument();
    const name = screen.getByRole('textbox', { name: 'User' });
    await userEvent.clear(name);
    await userEvent.type(name, 'Bob');
    expect(await screen.findByText(/Use lower-case letters/)).toBeInTheDocument();
    expect(screen.queryByTestId('connect')).not.toBeInTheDocument();
    await userEvent.clear(name);
    await userEvent.type(name, 'bob');
    expect(await screen.findByText('connect bob@vm-1.team-a')).toBeInTheDocument();
  });

  it('tells of the servers that could not be asked, and asks them again', async () => {
    let down = true;
    vmTab((url, init) => {
      if (down && url.pathname.includes('/a/one/')) throw problem(503, { detail: 'The event store does not answer.' });
      return two(url, init);
    });
    expect(await screen.findByTestId('partial')).toHaveTextContent('a/one: The event store does not answer.');
    expect(screen.queryByTestId('new-tenant')).not.toBeInTheDocument();
    down = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByTestId(`tenant-${ALICE}`)).toBeInTheDocument();
  });

  it('says what to ask for where no server is seen', async () => {
    vmTab(() => list());
    expect(await screen.findByText(/bsls-tenant-viewer in the namespace team-a/)).toBeInTheDocument();
  });
});

describe('the tab of a BackupStorageLocation', () => {
  const bslTab = (mayCreate: boolean, ...servers: unknown[]): void => {
    serve(({ pathname }) =>
      pathname.endsWith('/access')
        ? json({ sees: { allServers: mayCreate }, actions: { createServer: mayCreate } })
        : list(...servers),
    );
    render(<BslTab obj={BSL} />, { wrapper: MemoryRouter });
  };

  it('lists the servers over it, and no others', async () => {
    const other = aServer('backup', 'other');
    other.spec.backupStorageLocation.name = 'another';
    const limited = { namespace: 'x', name: 'limited', status: { conditions: [] } };
    bslTab(true, aServer('backup', 'vms'), other, aServer('elsewhere', 'far'), limited);
    const row = await screen.findByRole('row', { name: /vms/ });
    expect(within(row).getByRole('link', { name: 'vms' })).toHaveAttribute('href', '/bsls/servers/backup/vms');
    expect(within(row).getByText('Available')).toBeInTheDocument();
    expect(screen.getAllByRole('row')).toHaveLength(2);
    expect(await screen.findByTestId('create-server')).toBeInTheDocument();
  });

  it('offers a new one to who may create it only', async () => {
    bslTab(false);
    expect(await screen.findByRole('heading', { name: 'No file backup servers' })).toBeInTheDocument();
    expect(screen.queryByTestId('create-server')).not.toBeInTheDocument();
    expect(await screen.findByText(/Servers that you may not see are not listed/)).toBeInTheDocument();
  });
});
