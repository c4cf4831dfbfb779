/** What the sidebar shows: the host's own items, and those of plugins in their places. Pure. */
import type { HrefNavItem, NavSection } from '@openshift-console/dynamic-plugin-sdk';

export interface Item {
  id: string;
  name: string;
  href: string;
  startsWith: string[];
  data: Record<string, string>;
}

export interface Section {
  id: string;
  name: string;
  items: Item[];
}

/** Sections of the console's administrator perspective, in its order, as far as plugins of ours use them. */
const ORDER = ['home', 'workloads', 'virtualization', 'networking', 'storage', 'observe', 'administration'];

const place = (items: Item[], item: Item, { insertBefore, insertAfter }: HrefNavItem['properties']): void => {
  const at = (ids: string | string[] | undefined): number =>
    [ids ?? []].flat().reduce((found, id) => (found < 0 ? items.findIndex((one) => one.id === id) : found), -1);
  const before = at(insertBefore);
  const after = at(insertAfter);
  if (before >= 0) items.splice(before, 0, item);
  else if (after >= 0) items.splice(after + 1, 0, item);
  else items.push(item);
};

/** `names`: of the known sections. `own`: items of the host, by section. */
export const navigation = (
  hrefs: readonly HrefNavItem[],
  sections: readonly NavSection[],
  own: Record<string, Item[]>,
  names: Record<string, string>,
  text: (marked: string) => string,
): Section[] => {
  const found = new Map<string, Item[]>(Object.entries(own).map(([id, items]) => [id, [...items]]));
  for (const { properties } of hrefs) {
    const { id, name, href, section = 'home', startsWith = [], dataAttributes = {} } = properties;
    const items = found.get(section) ?? [];
    place(items, { id, name: text(name), href, startsWith, data: dataAttributes }, properties);
    found.set(section, items);
  }
  const titles = new Map(sections.map(({ properties: { id, name } }) => [id, name ? text(name) : id]));
  const rank = (id: string): number => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  return [...found]
    .filter(([, items]) => items.length > 0)
    .sort(([one], [other]) => rank(one) - rank(other))
    .map(([id, items]) => ({ id, name: titles.get(id) ?? names[id] ?? id, items }));
};

/** Paths are compared segment by segment. */
export const isActive = (item: Item, pathname: string): boolean =>
  [item.href, ...item.startsWith].some((start) => {
    const path = `/${start.replace(/^\/|\/$/g, '')}`;
    return pathname === path || pathname.startsWith(`${path}/`);
  });
