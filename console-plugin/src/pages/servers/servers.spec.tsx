import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router';
import { consoleFetch, useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { json, problem, serve } from '../../../test/api';
import type { Handler } from '../../../test/api';
import { aDetail, aServer } from '../../../test/servers';
import ServersPage from '.';

const EVERYTHING = { allServers: true, namespaces: [], allTenants: true, tenantNamespaces: [] };
const NOTHING = { allServers: false, namespaces: [], allTenants: false, tenantNamespaces: [] };

const page = (handler: Handler, sees: object = EVERYTHING, createServer = true): void => {
  serve((url, init) =>
    url.pathname.endsWith('/access') ? json({ sees, actions: { createServer } }) : handler(url, init),
  );
  render(<ServersPage />, { wrapper: MemoryRouter });
};

const list = (...servers: unknown[]): Response => json({ total: servers.length, items: servers, next: null });
const cell = (row: HTMLElement, label: string): string | null | undefined =>
  row.querySelector(`[data-label="${label}"]`)?.textContent;
const isList = (url: URL): boolean => !url.searchParams.has('figures');
/** What is asked for of the rows on the screen. */
const named = (url: URL): [string, string][] =>
  (url.searchParams.get('names') ?? '').split(',').map((key) => key.split('/') as [string, string]);
const FIGURES = { tenants: 3, overdue: 1, sessions: 2 };
const detailed = (url: URL): Response => list(...named(url).map((one) => aDetail(...one, FIGURES)));

describe('the list of servers', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.mocked(useActiveNamespace).mockReturnValue(['#ALL_NS#', () => undefined]);
  });

  it('shows what the list knows at once, and what goes on now when the details are there', async () => {
    let release: (response: Response) => void = () => undefined;
    page((url) => (isList(url) ? list(aServer('backup', 'vms')) : new Promise((resolve) => (release = resolve))));
    expect(screen.getByRole('status', { name: 'Loading' })).toBeInTheDocument();
    const row = await screen.findByRole('row', { name: /vms/ });
    expect(within(row).getByText('Available')).toBeInTheDocument();
    expect(within(row).getByRole('link', { name: 'vms' })).toHaveAttribute('href', '/bsls/servers/backup/vms');
    expect(cell(row, 'Sessions now')).toBe('–');
    release(list(aDetail('backup', 'vms', FIGURES)));
    await expect.poll(() => cell(row, 'Sessions now')).toBe('2');
  });

  it('keeps the figures while the API is away, and says how old they are', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    let away = false;
    page((url) => {
      if (isList(url)) return list(aServer('backup', 'vms'));
      if (away) throw problem(503, { detail: 'Wait a moment.' });
      return detailed(url);
    });
    const row = await screen.findByRole('row', { name: /vms/ });
    await vi.waitFor(() => expect(cell(row, 'Sessions now')).toBe('2'));
    expect(screen.queryByTestId('as-of')).not.toBeInTheDocument();
    away = true;
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    expect(cell(row, 'Sessions now')).toMatch(/^2Loaded \d+ seconds ago$/);
    away = false;
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    expect(cell(row, 'Sessions now')).toBe('2');
  });

  it('asks once for all rows of a page, and not for the others', async () => {
    const all = Array.from({ length: 120 }, (_, number) => aServer('backup', `vms-${1000 + number}`));
    const asked: [string, string][][] = [];
    page((url) => {
      if (isList(url)) return list(...all);
      asked.push(named(url));
      return detailed(url);
    });
    const row = await screen.findByRole('row', { name: /vms-1000/ });
    await expect.poll(() => cell(row, 'Sessions now')).toBe('2');
    expect(asked.map((names) => names.length)).toEqual([50]);
    await userEvent.click(screen.getByRole('button', { name: 'Next page' }));
    await userEvent.click(screen.getByRole('button', { name: 'Next page' }));
    const last = await screen.findByRole('row', { name: /vms-1119/ });
    await expect.poll(() => cell(last, 'Sessions now')).toBe('2');
    expect(asked.at(-1)).toHaveLength(20);
  });

  it('reads all pages', async () => {
    page((url) => {
      if (!isList(url)) return detailed(url);
      return url.searchParams.get('cursor') === 'c'
        ? list(aServer('b', 'two'))
        : json({ total: 2, items: [aServer('a', 'one')], next: 'c' });
    });
    expect(await screen.findByRole('link', { name: 'two' })).toBeInTheDocument();
    expect(screen.getByRole('link', { name: 'one' })).toBeInTheDocument();
  });

  it('says how to begin where there is none', async () => {
    page(() => list());
    expect(await screen.findByRole('heading', { name: 'No file backup servers' })).toBeInTheDocument();
  });

  it('shows the sentence of the API when it fails, and tries again', async () => {
    let fails = true;
    page((url) => {
      if (fails) throw problem(403, { detail: 'Ask for list on backupstoragelocationservers.' });
      return isList(url) ? list(aServer('backup', 'vms')) : detailed(url);
    });
    expect(await screen.findByText('Ask for list on backupstoragelocationservers.')).toBeInTheDocument();
    fails = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('link', { name: 'vms' })).toBeInTheDocument();
  });

  it('filters by text, and finds back', async () => {
    page((url) => (isList(url) ? list(aServer('a', 'one'), aServer('b', 'two')) : detailed(url)));
    await screen.findByRole('link', { name: 'one' });
    await userEvent.type(screen.getByRole('textbox', { name: 'Search by name or namespace' }), 'nothing');
    expect(screen.getByRole('heading', { name: 'No server matches' })).toBeInTheDocument();
    await userEvent.click(screen.getAllByRole('button', { name: 'Clear all filters' })[0]!);
    expect(await screen.findByRole('link', { name: 'two' })).toBeInTheDocument();
  });

  describe('of somebody who sees the tenants of some VMs only', () => {
    const OWNER = { ...NOTHING, tenantNamespaces: ['team-a'] };
    const limited = { namespace: 'backup', name: 'vms', status: { conditions: [] } };
    const choose = (namespace: string): void => {
      vi.mocked(useActiveNamespace).mockReturnValue([namespace, () => undefined]);
    };
    /** As the API: who names the namespace of their VMs sees servers in part, wherever they are. */
    const answers: Handler = (url) => {
      if (url.searchParams.get('vmNamespace') !== 'team-a') return list();
      return list(isList(url) ? limited : { ...limited, figures: aDetail('backup', 'vms', FIGURES).figures });
    };

    it('asks for the namespace of their VMs', async () => {
      page(answers, NOTHING);
      expect(await screen.findByRole('heading', { name: 'Choose a namespace' })).toBeInTheDocument();
      expect(screen.queryByTestId('create-server')).not.toBeInTheDocument();
    });

    it('shows the servers that those VMs may use, and follows them by one stream', async () => {
      choose('team-a');
      page(answers, OWNER, false);
      const row = await screen.findByRole('row', { name: /vms/ });
      expect(screen.queryByTestId('create-server')).not.toBeInTheDocument();
      await expect
        .poll(() => ['Repository', 'Tenants', 'Overdue'].map((one) => cell(row, one)))
        .toEqual(['–', '3', '1']);
      // Of the rows on other pages it is not known: a filter would say that nobody is.
      expect(screen.queryByRole('switch')).not.toBeInTheDocument();
      const asked = () => vi.mocked(consoleFetch).mock.calls.map(([url]) => new URL(url, 'https://console.example'));
      await expect
        .poll(() =>
          asked()
            .find((url) => !isList(url))
            ?.searchParams.get('vmNamespace'),
        )
        .toBe('team-a');
      const streams = asked().filter(({ pathname }) => pathname.endsWith('/events'));
      expect(streams.at(-1)?.searchParams.get('vmNamespace')).toBe('team-a');
      expect(streams.length).toBeLessThanOrEqual(2); // before it was known whose namespace it is, and since
    });

    it('says what to ask for in a namespace of which they see nothing', async () => {
      choose('team-b');
      page(answers, NOTHING, false);
      expect(
        await screen.findByText(/ask for the role bsls-tenant-viewer in the namespace team-b/),
      ).toBeInTheDocument();
      expect(screen.queryByTestId('create-server')).not.toBeInTheDocument();
    });

    it('is of the servers in the namespace for who sees these', async () => {
      choose('team-a');
      page(answers);
      expect(await screen.findByRole('heading', { name: 'No file backup servers' })).toBeInTheDocument();
      expect(screen.getAllByTestId('create-server')).toHaveLength(2);
    });
  });
});
