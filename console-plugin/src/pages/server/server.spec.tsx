import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { createMemoryRouter, RouterProvider } from 'react-router';
import { useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { json, problem, serve } from '../../../test/api';
import type { Handler } from '../../../test/api';
import { aDetail, aServer } from '../../../test/servers';
import type { Snapshot, Tenant } from '../../api';
import ServerPage from '.';

const FIGURES = { tenants: 3, overdue: 1, sessions: 2 };
const ALLOWED = { updateServer: true, patchServer: true, deleteServer: true, listPods: true, getPodLog: true };
const aTenant = (user: string, more: Partial<Tenant> = {}): Tenant => ({
  user,
  snapshots: { total: 4, incomplete: 1, lastTime: '2026-11-27T03:00:00Z' },
  sessions: 0,
  overdue: false,
  ...more,
});
const aSnapshot = (snapshot: string, more: Partial<Snapshot> = {}): Snapshot => ({
  snapshot,
  user: 'alice@vm-1',
  path: '/home',
  startTime: '2026-11-28T03:00:00Z',
  endTime: '2026-11-28T03:01:05Z',
  sizeBytes: 3 * 1024 ** 3,
  files: 12,
  errors: 0,
  ignoredErrors: 0,
  complete: true,
  ...more,
});
const anEvent = (id: string, more: object = {}) => ({
  id,
  source: '/apis/oadp.openshift.io/v1alpha1/namespaces/backup/backupstoragelocationservers/vms',
  type: 'io.openshift.oadp.bsls.snapshot.failed.v1',
  subject: 'bob@vm-2',
  time: '2026-11-28T03:00:00Z',
  severity: 'error',
  data: { user: 'bob@vm-2', path: '/srv', error: 'disk full' },
  ...more,
});
const page = (...items: unknown[]): Response => json({ total: items.length, items, next: null });

type Answers = Partial<
  Record<'server' | 'connect' | 'access' | 'tenants' | 'snapshots' | 'sessions' | 'events', Handler>
>;

const open = (path: string, answers: Answers = {}): { path: () => string; asked: URL[] } => {
  const asked: URL[] = [];
  const all: Required<Answers> = {
    server: () => json(aDetail('backup', 'vms', FIGURES)),
    access: () => json({ actions: ALLOWED }),
    tenants: () => page(),
    snapshots: () => page(),
    sessions: () => page(),
    events: () => page(),
    connect: () => json({}),
    ...answers,
  };
  serve((url, init) => {
    asked.push(url);
    const last = url.pathname.split('/').at(-1) as keyof Answers;
    return (all[last] ?? all.server)(url, init);
  });
  const router = createMemoryRouter(
    [
      { path: '/bsls/servers/:namespace/:name/:tab?', element: <ServerPage /> },
      { path: '*', element: <p>elsewhere</p> },
    ],
    { initialEntries: [path] },
  );
  render(<RouterProvider router={router} />);
  return { path: () => router.state.location.pathname + router.state.location.search, asked };
};

const SERVER = '/bsls/servers/backup/vms';

describe('the overview of a server', () => {
  it('tells its state, figures, sessions and last problems', async () => {
    open(SERVER, {
      sessions: () =>
        page({
          session: 's',
          user: 'alice@vm-1',
          address: '10.0.0.7:4711',
          startedAt: '2026-11-28T03:00:00Z',
          traceparent: '00-aa-bb-01',
        }),
      events: () => page(anEvent('1')),
    });
    expect(await screen.findByText('Tenants can connect')).toBeInTheDocument();
    expect(screen.getByTestId('figure-overdue')).toHaveTextContent('1');
    expect(screen.getByTestId('figure-overdue')).toHaveAttribute('href', `${SERVER}/tenants?overdue=true`);
    expect(await screen.findByText('The snapshot of /srv by bob@vm-2 failed: disk full')).toBeInTheDocument();
    expect(await screen.findByRole('link', { name: 'alice@vm-1' })).toBeInTheDocument();
    expect(await screen.findByText('No snapshot in the last 30 days.')).toBeInTheDocument();
  });

  it('shows what is known of the server while the event store is away, and says what is not', async () => {
    const away = (): never => {
      throw problem(503, { detail: 'Redis does not answer. Repair it.' });
    };
    open(SERVER, {
      server: () => json({ ...aServer('backup', 'vms'), figures: undefined }),
      sessions: away,
      snapshots: away,
      events: away,
    });
    expect(await screen.findByTestId('store-away')).toBeInTheDocument();
    expect(screen.getByText('Tenants can connect')).toBeInTheDocument();
    expect((await screen.findAllByText('Redis does not answer. Repair it.')).length).toBe(3);
  });

  it('names the lines of the user list that were rejected', async () => {
    const users = {
      desired: 3,
      applied: 2,
      rejected: 25,
      rejectedLines: [{ line: 7, reason: 'Write user@host:hash.' }],
    };
    open(SERVER, { server: () => json(aServer('backup', 'vms', { users })) });
    expect(await screen.findByText('Line 7: Write user@host:hash.')).toBeInTheDocument();
    expect(screen.getByText('And 24 more')).toBeInTheDocument();
  });

  it('shows tenant viewers what they may see', async () => {
    const { conditions } = aServer('backup', 'vms').status;
    open(SERVER, { server: () => json({ namespace: 'backup', name: 'vms', status: { conditions } }) });
    expect(await screen.findByText('Tenants can connect')).toBeInTheDocument();
    expect(screen.queryByTestId('figure-tenants')).toBeNull();
  });
});

describe('the actions', () => {
  it('are there for who may', async () => {
    const none = { ...ALLOWED, updateServer: false, patchServer: false, deleteServer: false };
    open(SERVER, { access: () => json({ actions: none }) });
    await userEvent.click(await screen.findByTestId('server-actions'));
    expect(screen.getAllByRole('menuitem').map(({ textContent }) => textContent)).toEqual(['Connect a VM']);
  });

  it('refresh the users, and tell how that came out', async () => {
    const asked: unknown[] = [];
    let request = '';
    open(SERVER, {
      server: (_, { method, headers, body }) => {
        if (method !== 'PATCH') {
          const usersRefresh = request ? { request, time: '2026-11-28T03:00:00Z' } : undefined;
          return json(aServer('backup', 'vms', { users: { desired: 3, applied: 3 }, usersRefresh }));
        }
        asked.push(new Headers(headers).get('Content-Type'));
        const { metadata } = JSON.parse(body as string) as { metadata: { annotations: Record<string, string> } };
        request = metadata.annotations['oadp.openshift.io/refresh-users'] ?? '';
        return json({});
      },
    });
    await userEvent.click(await screen.findByTestId('server-actions'));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Refresh users' }));
    await userEvent.click(await screen.findByRole('button', { name: 'Refresh now' }));
    const done = await screen.findByTestId('refresh-done');
    expect(done).toHaveTextContent('3 of 3 users of the list are in effect');
    expect(within(done).getByRole('time')).toHaveAttribute('datetime', '2026-11-28T03:00:00.000Z');
    expect(asked).toEqual(['application/merge-patch+json']);
    expect(Date.parse(request)).not.toBeNaN();
  });

  it('say why users could not be refreshed', async () => {
    open(SERVER, {
      server: (_, { method }) => {
        if (method === 'PATCH') throw problem(403, { detail: 'bob may not patch' });
        return json(aDetail('backup', 'vms', FIGURES));
      },
    });
    await userEvent.click(await screen.findByTestId('server-actions'));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Refresh users' }));
    const dialog = await screen.findByRole('dialog');
    await userEvent.click(within(dialog).getByRole('button', { name: 'Refresh now' }));
    expect(await within(dialog).findByRole('heading', { level: 2 })).toHaveTextContent(/bob may not patch|not allowed/);
    expect(screen.queryByTestId('refresh-waits')).toBeNull();
  });

  it('connect a VM: whose, and how to add one', async () => {
    const { asked } = open(SERVER, {
      tenants: () => page(aTenant('alice@vm-1')),
      connect: () => json({ user: 'alice@vm-1', url: 'u', command: 'kopia connect', powerShell: 'p', cloudInit: 'c' }),
    });
    await userEvent.click(await screen.findByTestId('server-actions'));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Connect a VM' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByTestId('how-to-add')).toHaveTextContent('Secret users, users');
    await userEvent.type(within(dialog).getByRole('combobox'), 'alice@vm-1');
    expect(await within(dialog).findByText('kopia connect')).toBeInTheDocument();
    expect(asked.filter(({ pathname }) => pathname.endsWith('/connect')).map(({ pathname }) => pathname)).toEqual([
      expect.stringMatching(/tenants\/alice(@|%40)vm-1\/connect$/),
    ]);
  });

  it('delete only what was named, and say that the data stays', async () => {
    const deleted: string[] = [];
    const { path } = open(SERVER, {
      server: (url, { method }) => {
        if (method === 'DELETE') deleted.push(url.pathname);
        return json(aDetail('backup', 'vms', FIGURES));
      },
    });
    await userEvent.click(await screen.findByTestId('server-actions'));
    await userEvent.click(screen.getByRole('menuitem', { name: 'Delete' }));
    const dialog = await screen.findByRole('dialog');
    expect(dialog).toHaveTextContent('The backup data in the storage stays.');
    const confirm = within(dialog).getByRole('button', { name: 'Delete' });
    await userEvent.type(within(dialog).getByRole('textbox'), 'vm');
    expect(confirm).toBeDisabled();
    await userEvent.type(within(dialog).getByRole('textbox'), 's');
    await userEvent.click(confirm);
    await expect.poll(path).toBe('/bsls/servers');
    expect(deleted).toEqual([
      '/api/kubernetes/apis/oadp.openshift.io/v1alpha1/namespaces/backup/backupstoragelocationservers/vms',
    ]);
  });
});

describe('the tenants', () => {
  it('come with the overdue first, each with a page', async () => {
    const { asked } = open(`${SERVER}/tenants`, {
      tenants: () =>
        page(
          aTenant('carol@vm-3', { overdue: true, snapshots: { total: 0, incomplete: 0 } }),
          aTenant('bob@vm-2', { overdue: true, overdueSince: '2026-11-20T00:00:00Z' }),
          aTenant('alice@vm-1'),
        ),
    });
    expect(await screen.findByRole('link', { name: 'bob@vm-2' })).toHaveAttribute(
      'href',
      '/bsls/tenants/backup/vms/bob%40vm-2',
    );
    expect(screen.getByText('Overdue: no snapshot yet')).toBeInTheDocument();
    const { searchParams } = asked.find(({ pathname }) => pathname.endsWith('/tenants'))!;
    expect([searchParams.get('sort'), searchParams.get('order')]).toEqual(['lastTime', 'asc']);
  });

  it('keep the filter in the address, and ask the API for it', async () => {
    const { path, asked } = open(`${SERVER}/tenants`);
    expect(await screen.findByRole('heading', { name: 'No tenants yet' })).toBeInTheDocument();
    await userEvent.click(screen.getByRole('switch', { name: 'Only overdue' }));
    expect(await screen.findByRole('heading', { name: 'No tenant matches' })).toBeInTheDocument();
    expect(path()).toBe(`${SERVER}/tenants?overdue=true`);
    expect(asked.at(-1)?.searchParams.get('overdue')).toBe('true');
  });
});

describe('the snapshots', () => {
  it('are paged by the API, and the table stays while a page is turned', async () => {
    let release: (response: Response) => void = () => undefined;
    open(`${SERVER}/snapshots`, {
      snapshots: (url) =>
        url.searchParams.get('cursor')
          ? new Promise((resolve) => (release = resolve))
          : json({ total: 51, items: [aSnapshot('one')], next: 'c' }),
    });
    expect(await screen.findByText('1 min 5 sec')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Next page' }));
    expect(screen.getByTestId('snapshot-one')).toBeInTheDocument();
    release(json({ total: 51, items: [aSnapshot('two', { errors: 3 })], next: null }));
    expect(await screen.findByText('3 files not read')).toBeInTheDocument();
    expect(screen.queryByTestId('snapshot-one')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Previous page' }));
    expect(await screen.findByTestId('snapshot-one')).toBeInTheDocument();
  });

  it('that come in the same row are closed, whatever was opened in it', async () => {
    const unread = ['a', 'b', 'c'].map((path) => ({ path, error: 'permission denied' }));
    open(`${SERVER}/snapshots`, {
      snapshots: (url) =>
        url.searchParams.get('cursor')
          ? json({ total: 51, items: [aSnapshot('two', { errors: 3, unread })], next: null })
          : json({ total: 51, items: [aSnapshot('one', { errors: 3, unread })], next: 'c' }),
    });
    const row = await screen.findByTestId('snapshot-one');
    fireEvent.click(screen.getByRole('button', { name: 'Show 2 more' })); // without a hand at the list, which would hold it
    expect(screen.getByRole('button', { name: 'Show less' })).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Next page' }));
    expect(await screen.findByTestId('snapshot-two')).toBe(row);
    expect(screen.getByRole('button', { name: 'Show 2 more' })).toBeInTheDocument();
  });

  it('are those of the turned page, also for a hand that is at the list before they came', async () => {
    let turn: (answer: Response) => void = () => undefined;
    open(`${SERVER}/snapshots`, {
      snapshots: (url) =>
        url.searchParams.get('cursor')
          ? new Promise((resolve) => (turn = resolve))
          : json({ total: 2, items: [aSnapshot('one')], next: 'c' }),
    });
    const row = await screen.findByTestId('snapshot-one');
    fireEvent.click(screen.getByRole('button', { name: 'Next page' }));
    fireEvent.pointerEnter(row.closest('tbody') ?? row);
    await waitFor(() => expect(screen.getByRole('button', { name: 'Next page' })).toBeDisabled());
    turn(json({ total: 2, items: [aSnapshot('two')], next: null }));
    expect(await screen.findByTestId('snapshot-two')).toBeInTheDocument();
    expect(screen.queryByTestId('snapshot-one')).toBeNull();
    expect(screen.queryByTestId('show-new')).toBeNull();
  });

  it('open their trace by the event that told of them, or say that it is gone', async () => {
    const told = anEvent('1', {
      type: 'io.openshift.oadp.bsls.snapshot.created.v1',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      data: { snapshot: 'one', user: 'alice@vm-1', path: '/home' },
    });
    const { path } = open(`${SERVER}/snapshots`, {
      snapshots: () => page(aSnapshot('one'), aSnapshot('two')),
      events: () => page(told),
    });
    const row = await screen.findByTestId('snapshot-two');
    await userEvent.click(within(row).getByTestId('open-trace'));
    expect(await within(row).findByText('The events of that time are no longer kept.')).toBeInTheDocument();
    await userEvent.click(within(screen.getByTestId('snapshot-one')).getByTestId('open-trace'));
    await expect.poll(path).toBe(`/bsls/activity/backup/vms/${'a'.repeat(32)}`);
  });
});

describe('the events', () => {
  it('open in place, with the payload', async () => {
    open(`${SERVER}/events?severity=error`, {
      events: (url) => {
        expect(url.searchParams.get('severity')).toBe('error');
        return page(anEvent('1'));
      },
    });
    const line = await screen.findByRole('button', { name: /failed: disk full/ });
    await userEvent.click(line);
    expect(line).toHaveAttribute('aria-expanded', 'true');
    expect(screen.getByText(/"path": "\/srv"/)).toBeInTheDocument();
  });

  it('load older ones on demand', async () => {
    open(`${SERVER}/events`, {
      events: (url) =>
        json({
          items: [
            url.searchParams.get('cursor')
              ? anEvent('0', { data: { user: 'u', path: '/old', error: 'e' } })
              : anEvent('1'),
          ],
          next: url.searchParams.get('cursor') ? null : 'c',
        }),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Show older events' }));
    expect(await screen.findByText(/\/old/)).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Show older events' })).toBeNull();
  });
});

it('the log says what right is missing', async () => {
  open(`${SERVER}/logs`, { access: () => json({ actions: { ...ALLOWED, getPodLog: false } }) });
  expect(await screen.findByText(/get pods\/log in the namespace backup/)).toBeInTheDocument();
});

it('a server that is not there says so, and lets one choose the namespace of their VMs', async () => {
  open(SERVER, {
    server: () => {
      throw problem(404, { detail: 'There is no server backup/vms.' });
    },
  });
  expect(await screen.findByText('There is no server backup/vms.')).toBeInTheDocument();
  expect(screen.getByTestId('choose-namespace')).toHaveTextContent('choose the namespace of these VMs');
});

describe('for who sees the tenants of their VMs only, it', () => {
  const limited = (): Response => json({ ...aServer('backup', 'vms'), spec: undefined });

  beforeEach(() => void vi.mocked(useActiveNamespace).mockReturnValue(['team-a', () => undefined]));
  afterEach(() => void vi.mocked(useActiveNamespace).mockReturnValue(['#ALL_NS#', () => undefined]));

  it.each(['', '/tenants', '/snapshots', '/events'])('names their namespace in all that it asks (%s)', async (tab) => {
    const { asked } = open(SERVER + tab, { server: limited });
    expect(await screen.findByTestId('none-of-yours')).toHaveTextContent('has seen none of your tenants yet');
    await screen.findByTestId('server-actions');
    const ofServer = asked.filter(({ pathname }) => pathname.includes('/servers/backup/vms'));
    expect(ofServer.length).toBeGreaterThan(2);
    expect(ofServer.filter((url) => url.searchParams.get('vmNamespace') !== 'team-a').map(String)).toEqual([]);
  });

  it('says nothing of it where there is one of theirs', async () => {
    open(`${SERVER}/tenants`, { server: limited, tenants: () => page(aTenant('alice@vm-1.team-a')) });
    expect(await screen.findByRole('link', { name: 'alice@vm-1.team-a' })).toBeInTheDocument();
    expect(screen.queryByTestId('none-of-yours')).toBeNull();
  });
});
