import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { anEvent, aSession, aSnapshotSpan, aTenant, aTrace } from '../../test/traces';
import type { Span, Tenant } from '../api';
import type { T } from '../i18n';
import { storyOf } from '../model/story';
import { eventText, OutcomeLabel, SnapshotState, storyReason, TenantState, UnreadFiles } from '.';

const t = ((key: string, values: Record<string, unknown> = {}) =>
  key.replace(/{{(\w+)}}/g, (_, name: string) => String(values[name]))) as T;
const file = (path: string) => ({ path, error: `open /home/${path}: permission denied` });
const story = (change: Partial<Span>) =>
  storyOf(
    { namespace: 'backup', name: 'vms' },
    aTrace({ spans: [aSession(), aSnapshotSpan({ status: 'error', ...change })] }),
  );

describe('a snapshot that misses files', () => {
  it('has the same word in the list and in the activity', () => {
    const unread = [file('key')];
    render(
      <>
        <SnapshotState snapshot={{ complete: true, errors: 2 }} />
        <OutcomeLabel story={story({ attributes: { errors: 2 }, unread })} />
      </>,
    );
    expect(screen.getAllByText('2 files not read')).toHaveLength(2);
    expect(storyReason(t, story({ attributes: { errors: 2 }, unread }))).toBe('key (permission denied) and 1 more');
    const event = anEvent('snapshot.created.v1', 1, { user: 'a@b', path: '/home', errors: 2, unread });
    expect(eventText(t, 'en', event)).toMatch(/2 files not read: key \(permission denied\) and 1 more$/);
  });

  it('is not hidden by the word for its tenant', () => {
    const snapshots = { total: 3, incomplete: 0, lastTime: '2026-11-28T03:00:00Z' };
    const states: [Partial<Tenant>, string][] = [
      [{ unreadFiles: 1 }, 'Backed up, 1 file not read'],
      [{ unreadFiles: 1200 }, 'Backed up, 1200 files not read'],
      [{ unreadFiles: 0 }, 'Backed up'],
      [{}, 'Backed up'],
      [{ unreadFiles: 3, overdue: true }, 'Overdue'],
      [{ snapshots: { total: 1, incomplete: 1 } }, 'No snapshot yet'],
    ];
    for (const [change, word] of states) {
      const { container, unmount } = render(<TenantState tenant={aTenant({ snapshots, ...change })} />);
      expect(container).toHaveTextContent(new RegExp(`^${word}$`));
      expect(container.querySelectorAll('.pf-m-warning')).toHaveLength(word.includes('not read') ? 1 : 0);
      unmount();
    }
  });

  it('is incomplete first of all where it is', () => {
    render(<OutcomeLabel story={story({ attributes: { errors: 2, cause: 'canceled' } })} />);
    expect(screen.getByText('Incomplete')).toBeInTheDocument();
    const words = 'it was cancelled';
    expect(storyReason(t, story({ attributes: { cause: 'canceled' } }))).toContain(words);
    const event = anEvent('snapshot.incomplete.v1', 1, { user: 'a@b', path: '/home', cause: 'canceled' });
    expect(eventText(t, 'en', event)).toContain(words);
  });

  it('is told of by events from before they named files', () => {
    const old = story({ attributes: { errors: 2 } });
    expect(storyReason(t, old)).toBeUndefined();
    const event = anEvent('snapshot.created.v1', 1, { user: 'a@b', path: '/home', errors: 2 });
    expect(eventText(t, 'en', event)).toMatch(/2 files not read$/);
  });

  it('names the first file, and the others when asked', async () => {
    render(<UnreadFiles unread={['a', 'b', 'b'].map(file)} total={14} />);
    expect(screen.getByRole('listitem')).toHaveTextContent('a permission denied');
    await userEvent.click(screen.getByRole('button', { name: 'Show 13 more' }));
    expect(screen.getAllByRole('listitem')).toHaveLength(4);
    expect(screen.getByText('11 more that Kopia does not name')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Show less' }));
    expect(screen.getAllByRole('listitem')).toHaveLength(1);
  });
});
