import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { json, problem, serve } from '../../../test/api';
import type { Handler } from '../../../test/api';
import { aDetail, aServer } from '../../../test/servers';
import ServersPage from '.';

const page = (handler: Handler): void => {
  serve(handler);
  render(<ServersPage />, { wrapper: MemoryRouter });
};

const list = (...servers: unknown[]): Response => json({ total: servers.length, items: servers, next: null });
const cell = (row: HTMLElement, label: string): string | null | undefined =>
  row.querySelector(`[data-label="${label}"]`)?.textContent;
const named = (url: URL): [string, string] => url.pathname.split('/').slice(-2) as [string, string];
const isList = (url: URL): boolean => url.pathname.endsWith('/api/v1/servers');

describe('the list of servers', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('shows what the list knows at once, and what goes on now when the details are there', async () => {
    let release: (response: Response) => void = () => undefined;
    page((url) => (isList(url) ? list(aServer('backup', 'vms')) : new Promise((resolve) => (release = resolve))));
    expect(screen.getByRole('status', { name: 'Loading' })).toBeInTheDocument();
    const row = await screen.findByRole('row', { name: /vms/ });
    expect(within(row).getByText('Available')).toBeInTheDocument();
    expect(within(row).getByRole('link', { name: 'vms' })).toHaveAttribute('href', '/bsls/servers/backup/vms');
    expect(cell(row, 'Sessions now')).toBe('–');
    release(json(aDetail('backup', 'vms', { tenants: 3, overdue: 1, sessions: 2 })));
    await expect.poll(() => cell(row, 'Sessions now')).toBe('2');
  });

  it('keeps the figures while the API is away', async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    let away = false;
    let asked = 0;
    page((url) => {
      if (isList(url)) return list(aServer('backup', 'vms'));
      asked += 1;
      if (away) throw problem(503, { detail: 'Wait a moment.' });
      return json(aDetail('backup', 'vms', { tenants: 3, overdue: 1, sessions: 2 }));
    });
    const row = await screen.findByRole('row', { name: /vms/ });
    await vi.waitFor(() => expect(cell(row, 'Sessions now')).toBe('2'));
    const before = asked;
    away = true;
    await act(() => vi.advanceTimersByTimeAsync(31_000));
    expect(asked).toBeGreaterThan(before);
    expect(cell(row, 'Sessions now')).toBe('2');
  });

  it('reads all pages', async () => {
    page((url) => {
      if (!isList(url)) return json(aDetail(...named(url), { tenants: 0, overdue: 0, sessions: 0 }));
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
      return isList(url) ? list(aServer('backup', 'vms')) : json(aServer('backup', 'vms'));
    });
    expect(await screen.findByText('Ask for list on backupstoragelocationservers.')).toBeInTheDocument();
    fails = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('link', { name: 'vms' })).toBeInTheDocument();
  });

  it('filters by text, and finds back', async () => {
    page((url) => (isList(url) ? list(aServer('a', 'one'), aServer('b', 'two')) : json(aServer(...named(url)))));
    await screen.findByRole('link', { name: 'one' });
    await userEvent.type(screen.getByRole('textbox', { name: 'Search by name or namespace' }), 'nothing');
    expect(screen.getByRole('heading', { name: 'No server matches' })).toBeInTheDocument();
    await userEvent.click(screen.getAllByRole('button', { name: 'Clear all filters' })[0]!);
    expect(await screen.findByRole('link', { name: 'two' })).toBeInTheDocument();
  });
});
