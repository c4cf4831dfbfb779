import { useAccessReview } from '@openshift-console/dynamic-plugin-sdk';
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, useLocation } from 'react-router';
import { describe, expect, it, vi } from 'vitest';
import { json, problem, serve } from '../../../test/api';
import CreatePage from '.';

interface Sent {
  url: URL;
  body: { metadata: { name: string }; spec: Record<string, unknown> };
}

const Where = () => <output>{useLocation().pathname}</output>;
const names = (...found: string[]) => json({ items: found.map((name) => ({ metadata: { name } })) });
const refusal = (status: number, message: string, field?: string): Error =>
  Object.assign(problem(status, {}), {
    json: { kind: 'Status', message, details: { causes: field ? [{ field, message }] : undefined } },
  });

interface Options {
  mayCreate?: boolean;
  refuse?: (sent: Sent) => Error | undefined;
  at?: string;
}

const page = ({ mayCreate = true, refuse, at = '/bsls/servers/~new?location=backup/default' }: Options = {}) => {
  const sent: Sent[] = [];
  const listed: { url: URL; accept: string | null }[] = [];
  serve((url, init) => {
    if (url.pathname.endsWith('/access')) return json({ actions: { createServer: mayCreate } });
    if (init.method === 'POST') {
      const one = { url, body: JSON.parse(init.body as string) as Sent['body'] };
      sent.push(one);
      const error = refuse?.(one);
      if (error) throw error;
      return json({});
    }
    listed.push({ url, accept: new Headers(init.headers).get('Accept') });
    if (url.pathname.endsWith('/backupstoragelocations'))
      return json({ items: [{ metadata: { name: 'default' }, status: { phase: 'Available' } }] });
    return names('file-backup-repository', 'file-backup-users');
  });
  render(
    <MemoryRouter initialEntries={[at]}>
      <CreatePage />
      <Where />
    </MemoryRouter>,
  );
  return { sent, listed };
};

const field = (name: string | RegExp): HTMLElement => screen.getByRole('textbox', { name });
const type = (name: string | RegExp, value: string): void => {
  fireEvent.change(field(name), { target: { value } });
};
const made = (sent: Sent[]): Sent[] => sent.filter(({ url }) => !url.searchParams.has('dryRun'));

describe('the form of a new server', () => {
  it('makes one, and goes to its page', async () => {
    const { sent } = page();
    await waitFor(() => expect(sent.map(({ url }) => url.searchParams.get('dryRun'))).toEqual(['All']));
    type('Name', 'nightly');
    type(/^Prefix/, 'nightly');
    await userEvent.click(screen.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText('/bsls/servers/backup/nightly')).toBeInTheDocument();
    expect(made(sent)).toHaveLength(1);
    expect(made(sent)[0]?.body.spec['prefix']).toBe('nightly');
    expect(made(sent)[0]?.url.searchParams.get('fieldValidation')).toBe('Strict');
  });

  it('says what is wrong while it is typed, and sends nothing', async () => {
    const { sent } = page();
    await waitFor(() => expect(sent).toHaveLength(1));
    type(/^Prefix/, '../vms');
    expect(screen.getByTestId('wrong-spec.prefix')).toHaveTextContent("must not contain '..'");
    expect(field(/^Prefix/)).toHaveAccessibleDescription(/must not contain/);
    type('Secret of the password', '');
    expect(screen.getByTestId('wrong-spec.repositoryPasswordSecret.name')).toHaveTextContent('Is needed.');
    await userEvent.click(screen.getByRole('button', { name: 'Create' }));
    expect(within(screen.getByTestId('create-wrong')).getByText(/^spec\.prefix: must not/)).toBeInTheDocument();
    expect(sent).toHaveLength(1);
  });

  it('shows a refusal of the API server at its field', async () => {
    page({ refuse: () => refusal(422, 'the policy of this cluster forbids it', 'spec.service.port') });
    await userEvent.click(screen.getByRole('button', { name: /^Service/ }));
    expect(await screen.findByTestId('wrong-spec.service.port')).toHaveTextContent('the policy of this cluster');
    expect(screen.getByText('Something is wrong here.')).toBeInTheDocument();
  });

  it('says that the name is taken, before anything is made', async () => {
    const { sent } = page({
      refuse: ({ body }) => (body.metadata.name === 'vms' ? refusal(409, 'exists') : undefined),
    });
    type('Name', 'vms');
    expect(await screen.findByTestId('wrong-metadata.name')).toHaveTextContent('exists');
    type('Name', 'vms2');
    await waitFor(() => expect(screen.queryByTestId('wrong-metadata.name')).not.toBeInTheDocument());
    expect(made(sent)).toEqual([]);
  });

  it('asks nothing more about a draft that somebody wants to create now', async () => {
    vi.useFakeTimers();
    try {
      const { sent } = page({ refuse: (one) => (made([one]).length ? refusal(403, 'not today') : undefined) });
      const rest = () => act(() => vi.advanceTimersByTimeAsync(1000));
      await rest();
      type('Name', 'vms');
      fireEvent.click(screen.getByRole('button', { name: 'Create' }));
      await rest();
      expect(sent.map(({ url }) => url.searchParams.get('dryRun'))).toEqual(['All', null]);
      expect(screen.getByTestId('create-wrong')).toHaveTextContent('not today'); // and no dry run takes it back
      type('Name', 'vms2');
      await rest();
      expect(sent.map(({ url }) => url.searchParams.get('dryRun'))).toEqual(['All', null, 'All']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('keeps what was typed from the form to YAML and back, and what the form does not know', async () => {
    page();
    type(/^Prefix/, 'blue');
    await userEvent.click(screen.getByRole('button', { name: 'YAML' }));
    const editor = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'YAML' });
    const server = JSON.parse(editor.value) as { spec: object };
    expect(server.spec).toMatchObject({ prefix: 'blue' });
    const policy = { allowedNamespaces: { matchLabels: { team: 'blue' } } };
    fireEvent.change(editor, { target: { value: 'kind: [' } });
    await userEvent.click(screen.getByRole('button', { name: 'Form' }));
    expect(screen.getByTestId('no-server')).toBeInTheDocument();
    fireEvent.change(editor, {
      target: {
        value: JSON.stringify({ ...server, spec: { ...server.spec, prefix: 'green', networkPolicy: policy } }),
      },
    });
    await userEvent.click(screen.getByRole('button', { name: 'Form' }));
    expect(field(/^Prefix/)).toHaveValue('green');
    type(/^Prefix/, 'red');
    await userEvent.click(screen.getByRole('button', { name: 'YAML' }));
    const again = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'YAML' });
    expect(JSON.parse(again.value)).toMatchObject({ spec: { prefix: 'red', networkPolicy: policy } });
  });

  it('offers what is there: locations with their phase, Secrets by their names alone', async () => {
    const { listed } = page();
    expect(await screen.findByText('Phase: Available')).toBeInTheDocument();
    await userEvent.click(await screen.findByRole('button', { name: 'Choose: Secret of the password' }));
    await userEvent.click(await screen.findByRole('option', { name: 'file-backup-users' }));
    expect(field('Secret of the password')).toHaveValue('file-backup-users');
    type('Secret of the password', 'absent');
    expect(screen.getByTestId('hint-spec.repositoryPasswordSecret.name')).toHaveTextContent('Not found in backup');
    const secrets = listed.filter(({ url }) => url.pathname.endsWith('/secrets'));
    expect(secrets.length).toBeGreaterThan(0);
    for (const { accept } of secrets) expect(accept).toMatch(/as=PartialObjectMetadataList/);
  });

  it('asks for no list that the user may not have: they type', async () => {
    vi.mocked(useAccessReview).mockImplementation(() => [false, false]);
    const { sent, listed } = page();
    await waitFor(() => expect(sent).toHaveLength(1));
    expect(listed).toEqual([]);
    expect(screen.queryByRole('button', { name: /^Choose/ })).not.toBeInTheDocument();
    vi.mocked(useAccessReview).mockImplementation(() => [true, false]);
  });

  it('says so where the user may not create, and asks nothing of Kubernetes', async () => {
    const { sent } = page({ mayCreate: false });
    expect(await screen.findByText('You may not create file backup servers in backup.')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Create' })).toBeDisabled();
    await act(() => new Promise((resolve) => setTimeout(resolve, 0)));
    expect(sent).toEqual([]);
  });

  it('moves the list of users from a Secret to a ConfigMap', async () => {
    const { sent } = page();
    await userEvent.click(screen.getAllByRole('radio', { name: 'ConfigMap' })[0]!);
    expect(field('ConfigMap of the list')).toHaveValue('file-backup-users');
    await userEvent.click(screen.getByRole('button', { name: 'Create' }));
    await waitFor(() => expect(made(sent)).toHaveLength(1));
    expect(made(sent)[0]?.body.spec['userManagement']).toEqual({
      source: { configMap: { name: 'file-backup-users', key: 'users' } },
    });
  });
});
