/** Where items of the sidebar come to stand, and which of them is the current one. */
import type { HrefNavItem } from '@openshift-console/dynamic-plugin-sdk';
import { describe, expect, it } from 'vitest';
import { isActive, navigation } from './navigation';

const item = (id: string, more: Partial<HrefNavItem['properties']> = {}): HrefNavItem => ({
  type: 'console.navigation/href',
  properties: { id, name: `%x~${id}%`, href: `/${id}`, section: 'storage', ...more },
});

const own = (id: string) => ({ id, name: id, href: `/${id}`, startsWith: [], data: {} });
const text = (marked: string): string => marked.replace(/^%.*~(.*)%$/, '$1');

const idsOf = (...items: HrefNavItem[]): string[][] =>
  navigation(items, [], { home: [own('overview')] }, { home: 'Home', storage: 'Storage' }, text).map(
    ({ name, items: found }) => [name, ...found.map(({ id }) => id)],
  );

describe('navigation', () => {
  it('puts items behind or before others', () => {
    expect(
      idsOf(item('a'), item('b'), item('c', { insertAfter: 'a' }), item('d', { insertBefore: ['none', 'b'] })),
    ).toEqual([
      ['Home', 'overview'],
      ['Storage', 'a', 'c', 'd', 'b'],
    ]);
  });

  it('takes a section of a plugin, and knows its name', () => {
    const section = { type: 'console.navigation/section' as const, properties: { id: 'mine', name: '%x~Mine%' } };
    const [, found] = navigation([item('a', { section: 'mine' })], [section], { home: [own('overview')] }, {}, text);
    expect(found).toMatchObject({ id: 'mine', name: 'Mine', items: [{ id: 'a', name: 'a', href: '/a' }] });
  });
});

describe('isActive', () => {
  const servers = { ...own('bsls/servers'), startsWith: ['bsls/tenants'] };
  it.each([
    ['/bsls/servers', true],
    ['/bsls/servers/a/b', true],
    ['/bsls/tenants/x', true],
    ['/bsls/serversX', false],
    ['/', false],
  ])('%s: %s', (pathname, expected) => expect(isActive(servers, pathname)).toBe(expected));
});
