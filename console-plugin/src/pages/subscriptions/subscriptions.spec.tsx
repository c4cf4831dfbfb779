import { fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter } from 'react-router';
import { describe, expect, it } from 'vitest';
import { json, problem, serve } from '../../../test/api';
import type { DeadLetter, DeliveryState, SubscriptionItem } from '../../api';
import { EMPTY, fieldOf, toSend } from './draft';
import SubscriptionsPage from '.';

const state = (change: Partial<DeliveryState> = {}): DeliveryState => ({
  phase: 'active',
  current: true,
  position: '1764000000000-0',
  lagBatches: 0,
  delivered: 1200,
  failures: 0,
  deadLetters: 0,
  redelivering: 0,
  dropped: 0,
  lostBatches: 0,
  held: [],
  ...change,
});

const item = (
  name: string,
  change: Partial<SubscriptionItem> = {},
  of: Partial<DeliveryState> = {},
): SubscriptionItem => ({
  name,
  source: 'api',
  owner: 'alice',
  sink: 'https://hooks.example.com/events',
  mode: 'structured',
  servers: ['backup/*'],
  state: state(of),
  ...change,
});

type Sent = [method: string, path: string, body: unknown];

interface Options {
  allServers?: boolean;
  fail?: () => Error | undefined;
  letters?: () => { items: DeadLetter[]; next?: string };
}

const letter = (id: string, change: Partial<DeadLetter> = {}): DeadLetter => ({
  id,
  kind: 'event',
  time: '2026-11-28T02:00:00Z',
  server: 'backup/vms',
  reason: 'the sink answered 400',
  attempts: 1,
  event: { id: `event-${id}`, type: 'io.openshift.oadp.bsls.snapshot.created.v1', subject: 'alice@vm-1.team-a' },
  ...change,
});

const page = (
  items: () => SubscriptionItem[],
  { allServers = false, fail, letters = () => ({ items: [] }) }: Options = {},
) => {
  const sent: Sent[] = [];
  const asked: URL[] = [];
  serve((url, init) => {
    if (url.pathname.endsWith('/access')) return json({ user: { username: 'alice' }, sees: { allServers } });
    const method = init.method ?? 'GET';
    if (method === 'GET') asked.push(url);
    else
      sent.push([method, url.pathname.replace(/^.*\/v1/, ''), init.body ? JSON.parse(init.body as string) : undefined]);
    const error = fail?.();
    if (error) throw error;
    if (method === 'DELETE') return new Response(null, { status: 204 });
    if (url.pathname.endsWith('/dead-letters')) return json(letters());
    if (url.pathname.endsWith('/redeliver')) return json({ first: '1763990000000-0', complete: false });
    return method === 'GET' ? json({ items: items(), total: items().length }) : json({});
  });
  render(<SubscriptionsPage />, { wrapper: MemoryRouter });
  return { sent, asked };
};

const act = async (name: string, action: string): Promise<void> => {
  await userEvent.click(await screen.findByRole('button', { name: `Actions of ${name}` }));
  await userEvent.click(within(await screen.findByTestId(action)).getByRole('menuitem'));
};

describe('the subscriptions', () => {
  it('say how they stand, and what went wrong last', async () => {
    const held = [{ server: 'backup/vms', attempts: 3, since: '', next: '', error: 'the sink answered 503' }];
    const error = {
      error: 'the sink answered 503',
      lastError: '2026-11-28T02:00:00Z',
      failures: 3,
      lagBatches: 2,
      held,
    };
    page(() => [item('mine', {}, { phase: 'waiting', reason: 'no dispatcher delivers it', ...error })]);
    const row = await screen.findByRole('row', { name: /mine/ });
    expect(within(row).getByText('Waiting')).toBeInTheDocument();
    expect(within(row).getByText('no dispatcher delivers it')).toBeInTheDocument();
    expect(within(row).getByText('the sink answered 503')).toBeInTheDocument();
    expect(within(row).getByText('Held back: backup/vms')).toBeInTheDocument();
    expect(within(row).getByText('1,200 delivered')).toBeInTheDocument();
  });

  it('show what was given up, the newest first, and anew when there is more of it', async () => {
    const gap = letter('1-0', {
      kind: 'gap',
      event: undefined,
      attempts: undefined,
      count: 7,
      server: '',
      reason: 'x',
    });
    const found = [letter('2-0'), gap];
    const { asked } = page(() => [item('mine', {}, { deadLetters: found.length, lagBatches: 1 }), item('calm')], {
      letters: () => ({ items: found, next: found.length > 2 ? 'more' : undefined }),
    });
    const ofLetters = () => asked.filter(({ pathname }) => pathname.endsWith('/mine/dead-letters'));
    const toggle = await screen.findByRole('button', { name: 'Show what mine gave up (2)' });
    expect(screen.queryByTestId('dead-letters-calm')).toBeNull();
    expect(ofLetters()).toEqual([]);
    await userEvent.click(toggle);
    const table = await screen.findByRole('grid', { name: 'Given up by mine' });
    const [, event, trimmed] = within(table).getAllByRole('row');
    for (const text of ['snapshot.created.v1', 'event-2-0', 'alice@vm-1.team-a', 'backup/vms', 'the sink answered 400'])
      expect(event).toHaveTextContent(text);
    expect(trimmed).toHaveTextContent('7 batches were trimmed before they were delivered');
    expect(ofLetters().map(({ search }) => search)).toEqual(['?limit=10&order=desc']);
    found.unshift(letter('3-0', { event: 'no JSON' }));
    expect(await within(table).findByTestId('dead-letter-3-0')).toHaveTextContent('–');
    expect(screen.getByText('The newest of 3. The API lists all of them.')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Hide what mine gave up' }));
    expect(screen.queryByRole('grid', { name: 'Given up by mine' })).toBeNull();
  });

  it('show what those of the settings gave up, and not what those of others did', async () => {
    const settings = item('siem', { source: 'settings', owner: undefined, sink: undefined }, { deadLetters: 1 });
    const { asked } = page(() => [settings, item('theirs', { owner: 'bob' }, { deadLetters: 1 })], {
      letters: () => ({ items: [letter('2-0')] }),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Show what siem gave up (1)' }));
    expect(await screen.findByTestId('dead-letter-2-0')).toBeInTheDocument();
    const letters = asked.filter(({ pathname }) => pathname.endsWith('/siem/dead-letters'));
    expect(letters.map(({ searchParams }) => searchParams.get('source'))).toEqual(['settings']);
    expect(screen.queryByTestId('dead-letters-theirs')).toBeNull();
  });

  it.each([
    [1, '1 batch waits, it came:', '1 failed attempt'],
    [1200, '1,200 batches wait, the oldest:', '1,200 failed attempts'],
  ])('say how much waits (%d)', async (much, waits, failed) => {
    page(() => [item('mine', {}, { lagBatches: much, failures: much, error: 'the sink answered 503' })]);
    const row = await screen.findByRole('row', { name: /mine/ });
    expect(row).toHaveTextContent(waits);
    expect(row).toHaveTextContent(new RegExp(`${failed}$|${failed}[^s]`));
  });

  it('begin with an explanation', async () => {
    page(() => []);
    expect(await screen.findByRole('heading', { name: 'No event subscriptions' })).toBeInTheDocument();
    expect(screen.getByText(/Begin with its name and the URL/)).toBeInTheDocument();
  });

  it('are tried again after an error', async () => {
    let fails = true;
    page(() => [item('mine')], { fail: () => (fails ? problem(503, { detail: 'Redis did not answer.' }) : undefined) });
    expect(await screen.findByText('Redis did not answer.')).toBeInTheDocument();
    fails = false;
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('row', { name: /mine/ })).toBeInTheDocument();
  });

  it('are paused and resumed', async () => {
    let phase: DeliveryState['phase'] = 'active';
    const { sent } = page(() => [item('mine', {}, { phase })]);
    await act('mine', 'pause');
    expect(sent).toEqual([['PATCH', '/subscriptions/mine', { paused: true }]]);
    phase = 'gone';
    await userEvent.click(screen.getByRole('button', { name: 'Actions of mine' }));
    await userEvent.click(within(screen.getByTestId('confirm')).getByRole('menuitem'));
    expect(await screen.findByText('Ended by the receiver')).toBeInTheDocument();
    await act('mine', 'resume');
    expect(sent.slice(1).map(([, , body]) => body)).toEqual([{}, { paused: false }]);
  });

  it('tell why an action was refused', async () => {
    let fails = false;
    page(() => [item('mine')], { fail: () => (fails ? problem(409, { detail: 'Somebody changed it.' }) : undefined) });
    await screen.findByRole('row', { name: /mine/ });
    fails = true;
    await act('mine', 'pause');
    expect(await screen.findByTestId('action-error')).toHaveTextContent('Somebody changed it.');
  });

  it('are deleted once that is confirmed', async () => {
    let items = [item('mine')];
    const { sent } = page(() => items);
    await act('mine', 'delete');
    expect(sent).toEqual([]);
    items = [];
    await userEvent.click(screen.getByTestId('dialog-send'));
    expect(await screen.findByRole('heading', { name: 'No event subscriptions' })).toBeInTheDocument();
    expect(sent).toEqual([['DELETE', '/subscriptions/mine', undefined]]);
  });

  it('deliver once more from the position up to which all is settled', async () => {
    const { sent } = page(() => [item('mine')]);
    await act('mine', 'redeliver');
    await userEvent.click(screen.getByRole('radio', { name: 'From a position on' }));
    await userEvent.click(screen.getByTestId('dialog-send'));
    expect(await screen.findByTestId('redelivered')).toHaveTextContent('what is older is no longer kept');
    expect(sent).toEqual([['POST', '/subscriptions/mine/redeliver', { position: '1764000000000-0' }]]);
  });

  it('of others can be looked at by who may see all servers, and not changed', async () => {
    const others = [
      item('mine'),
      item('theirs', { owner: 'bob' }),
      item('siem', { source: 'settings', owner: undefined }),
    ];
    const { asked } = page(() => others, { allServers: true });
    await userEvent.click(await screen.findByRole('switch', { name: 'Of everybody, and of the settings' }));
    expect(await screen.findByText('bob')).toBeInTheDocument();
    await waitFor(() => expect(asked.at(-1)?.searchParams.get('all')).toBe('true'));
    expect(screen.getAllByRole('button', { name: /^Actions of/ })).toHaveLength(1);
  });
});

describe('a new subscription', () => {
  it('says at its fields what the API refuses', async () => {
    const { sent } = page(() => [], {
      fail: () =>
        sent.length === 1
          ? problem(422, { detail: 'Correct the fields.', errors: [{ field: 'sink', message: 'no query' }] } as object)
          : undefined,
    });
    await userEvent.click((await screen.findAllByRole('button', { name: 'Create subscription' }))[0]!);
    expect(screen.getByTestId('dialog-send')).toBeDisabled();
    fireEvent.change(screen.getByRole('textbox', { name: 'Name' }), { target: { value: 'mine' } });
    const sink = screen.getByRole('textbox', { name: 'URL of the receiver' });
    fireEvent.change(sink, { target: { value: 'https://a.example/?x' } });
    await userEvent.click(screen.getByTestId('dialog-send'));
    expect(await screen.findByTestId('new-wrong-sink')).toHaveTextContent('no query');
    fireEvent.change(sink, { target: { value: 'https://a.example/' } });
    expect(screen.queryByTestId('new-wrong-sink')).not.toBeInTheDocument();
    await userEvent.click(screen.getByTestId('dialog-send'));
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument());
    expect(sent.at(-1)).toEqual(['POST', '/subscriptions', { name: 'mine', sink: 'https://a.example/', start: 'now' }]);
  });

  it('sends what was said, and leaves the rest to the API', () => {
    const draft = {
      ...EMPTY,
      name: ' mine ',
      sink: 'https://a.example/',
      servers: 'a/*\nb/c\n',
      vmNamespaces: 'team-a',
    };
    expect(toSend({ ...draft, events: 'own', sql: ' TRUE ', credentials: 'siem' })).toEqual({
      name: 'mine',
      sink: 'https://a.example/',
      start: 'now',
      servers: ['a/*', 'b/c'],
      vmNamespaces: ['team-a'],
      filters: [{ sql: 'TRUE' }],
      credentials: 'siem',
    });
    expect(toSend({ ...draft, events: 'problems' }).filters).toEqual([{ sql: "severity != 'info'" }]);
    const refused = [
      { field: 'filters.0.sql', message: 'x' },
      { field: '', message: 'the sink must not have a query' },
      { field: 'retry.age', message: 'at most 168h' },
    ];
    expect(refused.map(fieldOf)).toEqual(['sql', 'sink', undefined]);
  });
});
