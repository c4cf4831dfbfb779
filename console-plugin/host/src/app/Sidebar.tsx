/** The navigation at the side. */
import { type FC, useMemo } from 'react';
import { isHorizontalNavTab } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/horizontal-nav-tabs';
import { isHrefNavItem, isNavSection } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/navigation';
import { Nav, NavExpandable, NavItem, NavList, PageSidebar, PageSidebarBody } from '@patternfly/react-core';
import { Link, useLocation } from 'react-router';
import { useExtensionText, useT } from '../i18n';
import { useNeededModels } from '../k8s/hooks';
import { resourcePath } from '../sdk/components';
import { useExtensions } from '../sdk/extensions';
import { type Item, isActive, navigation } from './navigation';

/** Objects whose pages plugins add tabs to can be found by the sidebar, where the cluster has them. */
const useObjects = (): Record<string, Item[]> => {
  const tabs = useExtensions(isHorizontalNavTab);
  const kinds = useMemo(() => tabs.map(({ properties: { model } }) => model), [tabs]);
  const found: Record<string, Item[]> = {};
  for (const { gvk, model } of useNeededModels(kinds)) {
    const section = gvk.group === 'kubevirt.io' ? 'virtualization' : 'storage';
    const href = resourcePath(gvk);
    const item = { id: href, name: model.labelPlural, href, startsWith: [], data: {} };
    found[section] = [...(found[section] ?? []), item];
  }
  return found;
};

export const Sidebar: FC = () => {
  const t = useT();
  const text = useExtensionText();
  const { pathname } = useLocation();
  const hrefs = useExtensions(isHrefNavItem);
  const sections = useExtensions(isNavSection);
  const objects = useObjects();
  const overview = { id: 'dashboards', name: t('Overview'), href: '/dashboards', startsWith: [], data: {} };
  const names = {
    home: t('Home'),
    workloads: t('Workloads'),
    virtualization: t('Virtualization'),
    networking: t('Networking'),
    storage: t('Storage'),
    observe: t('Observe'),
    administration: t('Administration'),
  };
  const shown = navigation(hrefs, sections, { home: [overview], ...objects }, names, text);
  return (
    <PageSidebar>
      <PageSidebarBody>
        <Nav aria-label={t('Navigation')}>
          <NavList>
            {shown.map(({ id, name, items }) => (
              <NavExpandable
                key={id}
                title={name}
                isExpanded
                isActive={items.some((item) => isActive(item, pathname))}
                buttonProps={{ 'aria-label': name }}
              >
                {items.map((item) => (
                  <NavItem key={item.id} itemId={item.id} isActive={isActive(item, pathname)}>
                    <Link to={item.href} {...item.data}>
                      {item.name}
                    </Link>
                  </NavItem>
                ))}
              </NavExpandable>
            ))}
          </NavList>
        </Nav>
      </PageSidebarBody>
    </PageSidebar>
  );
};
