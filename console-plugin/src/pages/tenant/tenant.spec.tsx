import { cleanup, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route, Routes } from 'react-router';
import { describe, expect, it } from 'vitest';
import { json, problem, serve } from '../../../test/api';
import { aServer } from '../../../test/servers';
import { anEvent, aTenant, aTrace } from '../../../test/traces';
import TenantPage from '.';

const USER = 'alice@vm-1.team-a';
const CONNECT = {
  user: USER,
  url: 'https://vms:51515',
  command: 'kopia repository connect server --url=https://vms:51515',
  powerShell: "kopia 'repository'",
  cloudInit: '#cloud-config\n',
};

interface Answers {
  tenant?: () => unknown;
  events?: unknown[];
  traces?: unknown[];
  connect?: () => unknown;
}

const page = ({ tenant = () => aTenant(), events = [], traces = [], connect = () => CONNECT }: Answers = {}): void => {
  serve(({ pathname }) => {
    if (pathname.endsWith('/connect')) return json(connect());
    if (pathname.endsWith('/events')) return json({ items: events });
    if (pathname.endsWith('/traces')) return json({ items: traces });
    if (pathname.endsWith('/snapshots')) return json({ items: [], total: 0 });
    if (/\/tenants\/[^/]+$/.test(pathname)) return json(tenant());
    return json(aServer('backup', 'vms'));
  });
  render(
    <MemoryRouter initialEntries={[`/bsls/tenants/backup/vms/${USER}`]}>
      <Routes>
        <Route path="/bsls/tenants/:namespace/:name/:user" element={<TenantPage />} />
      </Routes>
    </MemoryRouter>,
  );
};

describe('the page of a tenant', () => {
  it('shows how they are, what they did and how to connect', async () => {
    page({ traces: [aTrace()] });
    expect(await screen.findByTestId('figure-snapshots')).toHaveTextContent('3');
    expect(screen.getByTestId('tenant-fine')).toHaveTextContent('Backed up');
    const table = await screen.findByRole('grid', { name: 'Recent sessions' });
    expect(within(table).getByRole('link')).toHaveAttribute('href', `/bsls/activity/backup/vms/${'a'.repeat(32)}`);
    expect(await screen.findByText(CONNECT.command)).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Windows' }));
    expect(screen.getByText(CONNECT.powerShell)).toBeInTheDocument();
  });

  it('says since when somebody is overdue, and why in the words of the client', async () => {
    const failed = anEvent('snapshot.failed.v1', 30, { user: USER, path: '/srv', error: 'permission denied' });
    page({ tenant: () => aTenant({ overdue: true, overdueSince: '2026-11-27T02:00:00Z' }), events: [failed] });
    expect(await screen.findByTestId('overdue')).toHaveTextContent('This tenant is overdue. It became so:');
    expect(await screen.findByText(/permission denied/)).toBeInTheDocument();
  });

  it('puts the way to connect first for who never made a snapshot', async () => {
    page({ tenant: () => aTenant({ snapshots: { total: 0, incomplete: 0 } }) });
    expect(await screen.findByTestId('tenant-none')).toBeInTheDocument();
    const [connect, history] = screen.getAllByRole('heading', { level: 2 }).map(({ textContent }) => textContent);
    expect([connect, history]).toEqual(['Connect this VM', 'Snapshots of the last 30 days']);
  });

  it('tells how to begin where the server has not seen the tenant yet', async () => {
    const missing = (): never => {
      throw problem(404, { detail: 'There is no such tenant.' });
    };
    page({ tenant: missing });
    expect(
      await screen.findByRole('heading', { name: 'This server has seen nothing of this tenant yet' }),
    ).toBeVisible();
    expect(await screen.findByText(CONNECT.command)).toBeInTheDocument();
    cleanup();
    page({ tenant: missing, connect: missing }); // neither is told to who may not see them
    expect(await screen.findByText('There is no such tenant.')).toBeInTheDocument();
    expect(screen.queryByText(CONNECT.command)).toBeNull();
  });

  it('shows the rest where a part cannot be had, and tries that part again', async () => {
    let fails = true;
    page({
      connect: () => {
        if (fails) throw problem(409, { detail: 'The server has no address yet. Wait until it is available.' });
        return CONNECT;
      },
    });
    expect(await screen.findByText(/no address yet/)).toBeInTheDocument();
    expect(screen.getByTestId('figure-snapshots')).toBeInTheDocument();
    fails = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText(CONNECT.command)).toBeInTheDocument();
  });
});
