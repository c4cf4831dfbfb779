/** Tabs of an object's page, each with an address of its own; plugins add theirs. */
import { type ComponentType, Suspense, lazy, useMemo } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { HorizontalNavTab, K8sResourceCommon, NavPage } from '@openshift-console/dynamic-plugin-sdk';
import { Bullseye, Nav, NavItem, NavList, PageSection, Spinner } from '@patternfly/react-core';
import { Link, useLocation } from 'react-router';
import { isHorizontalNavTab } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/horizontal-nav-tabs';
import { useExtensionText, useT } from '../i18n';
import { groupPath } from '../k8s/models';
import { useExtensions } from './extensions';

type Tab = Required<Pick<NavPage, 'name'>> & { href: string; component: ComponentType<object> };

const isOf = (tab: HorizontalNavTab, resource: K8sResourceCommon | undefined): boolean => {
  const { group, version, kind } = tab.properties.model;
  return resource?.kind === kind && resource.apiVersion === groupPath(group, version).replace(/^\/apis?\//, '');
};

export const HorizontalNav: typeof Sdk.HorizontalNav = ({ resource, pages, customData }) => {
  const t = useT();
  const text = useExtensionText();
  const { pathname } = useLocation();
  const extensions = useExtensions(isHorizontalNavTab);
  const { kind, apiVersion } = resource ?? {};
  const added = useMemo(
    () =>
      extensions
        .filter((one) => isOf(one, { kind, apiVersion }))
        .map(({ properties: { page, component } }) => ({
          ...page,
          component: lazy(async () => ({ default: (await component()) as ComponentType<object> })),
        })),
    [extensions, kind, apiVersion],
  );
  const tabs: Tab[] = [
    ...pages.map((page) => ({
      ...page,
      href: page.href ?? page.path ?? '',
      component: page.component as Tab['component'],
    })),
    ...added.map((tab) => ({ ...tab, name: text(tab.name) })),
  ];
  const last = pathname.split('/').at(-1) ?? '';
  const current = tabs.find(({ href }) => href && encodeURIComponent(href) === last);
  const base = (current ? pathname.slice(0, -last.length) : pathname).replace(/\/$/, '');
  const shown = current ?? tabs.find(({ href }) => !href) ?? tabs[0];
  const Content = shown?.component;
  return (
    <>
      <PageSection type="tabs" hasBodyWrapper={false}>
        <Nav variant="horizontal-subnav" aria-label={t('Parts of this page')}>
          <NavList>
            {tabs.map((tab) => (
              <NavItem key={tab.href} itemId={tab.href} isActive={tab === shown}>
                <Link
                  to={tab.href ? `${base}/${encodeURIComponent(tab.href)}` : base}
                  data-test={`horizontal-link-${tab.name}`}
                >
                  {tab.name}
                </Link>
              </NavItem>
            ))}
          </NavList>
        </Nav>
      </PageSection>
      <Suspense
        fallback={
          <Bullseye>
            <Spinner />
          </Bullseye>
        }
      >
        {Content && <Content {...{ obj: resource, customData, ...(customData ?? {}) }} />}
      </Suspense>
    </>
  );
};
