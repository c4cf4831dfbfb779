import { describe, expect, it } from 'vitest';
import { aSession, aSnapshotSpan, aTrace, at } from '../../test/traces';
import { filterStories, storyOf, vmOf } from './story';

const server = { namespace: 'backup', name: 'vms' };

describe('a trace as a line', () => {
  it('sums up what was backed up', () => {
    expect(storyOf(server, aTrace())).toEqual({
      id: 'a'.repeat(32),
      server,
      kind: 'session',
      name: 'session',
      subject: 'alice@vm-1.team-a',
      start: at(0),
      end: at(40),
      paths: ['/home'],
      snapshots: 1,
      bytes: 1024,
      files: 12,
      errors: 0,
      unread: [],
      incomplete: false,
      outcome: 'done',
      reason: undefined,
    });
  });

  it.each([
    [
      'a failed snapshot, in the words of the client',
      { status: 'error' as const, attributes: { error: 'denied' } },
      'failed',
      'denied',
    ],
    [
      'an incomplete one, by its cause',
      { status: 'error' as const, attributes: { cause: 'canceled' } },
      'warning',
      'canceled',
    ],
    ['files that were not read', { status: 'error' as const, attributes: { errors: 3 } }, 'warning', undefined],
  ])('tells of %s', (_, change, outcome, reason) => {
    expect(storyOf(server, aTrace({ spans: [aSession(), aSnapshotSpan(change)] }))).toMatchObject({ outcome, reason });
  });

  it('names files that were not read, but not those that the policy ignores', () => {
    const unread = [{ path: 'etc/key', error: 'open /home/etc/key: permission denied' }];
    const made = (errors: number) =>
      storyOf(server, aTrace({ spans: [aSession(), aSnapshotSpan({ unread, attributes: { errors } })] }));
    expect(made(1).unread).toEqual(unread);
    expect(made(0).unread).toEqual([]);
  });

  it('tells that a session was cut, and that one goes on', () => {
    const cut = aSession({ status: 'error', attributes: { reason: 'server-ended' } });
    expect(storyOf(server, aTrace({ spans: [cut] }))).toMatchObject({ outcome: 'failed', reason: 'server-ended' });
    const open = aTrace({ end: null, spans: [aSession({ end: null, attributes: {} }), aSnapshotSpan()] });
    expect(storyOf(server, open)).toMatchObject({ outcome: 'running', end: undefined });
  });

  it('forgets the checkpoints of a snapshot that was completed', () => {
    const checkpoint = aSnapshotSpan({
      spanId: '3',
      end: aSession().start,
      status: 'error',
      attributes: { cause: 'checkpoint' },
    });
    const story = storyOf(server, aTrace({ spans: [aSession(), checkpoint, aSnapshotSpan()] }));
    expect(story).toMatchObject({ outcome: 'done', snapshots: 1, paths: ['/home'] });
  });
});

describe('a list of them', () => {
  const stories = [
    storyOf(server, aTrace()),
    storyOf(
      { namespace: 'b', name: 'two' },
      aTrace({ subject: 'bob@vm-2.team-b', spans: [aSession({ end: null })], end: null }),
    ),
    storyOf(server, aTrace({ subject: 'vms', spans: [aSession({ kind: 'maintenance', name: 'full maintenance' })] })),
  ];
  const none = { text: '', kind: '', outcome: '' } as const;

  it.each([
    [{ ...none, text: 'BOB' }, ['bob@vm-2.team-b']],
    [{ ...none, text: '/ho' }, ['alice@vm-1.team-a']],
    [{ ...none, text: 'b/two' }, ['bob@vm-2.team-b']],
    [{ ...none, kind: 'snapshot' as const }, ['alice@vm-1.team-a']],
    [{ ...none, kind: 'session' as const }, ['alice@vm-1.team-a', 'bob@vm-2.team-b']],
    [none, ['alice@vm-1.team-a', 'bob@vm-2.team-b']],
    [{ ...none, kind: 'work' as const }, ['vms']],
    [{ ...none, outcome: 'running' as const }, ['bob@vm-2.team-b']],
    [{ ...none, outcome: 'problem' as const }, []],
  ])('is filtered by %j', (filter, expected) => {
    expect(filterStories(stories, filter).map(({ subject }) => subject)).toEqual(expected);
  });
});

it.each([
  ['alice@vm-1.team-a', { vm: 'vm-1', namespace: 'team-a' }],
  ['alice@vm-1', undefined],
  ['alice@a.b.c', { vm: 'a.b', namespace: 'c' }],
])('%s is a tenant of a VM: %j', (user, expected) => expect(vmOf(user)).toEqual(expected));
