/** The frame of every page: document title, way back, heading, actions, and how the live stream stands. */
import type { FC, ReactNode } from 'react';
import { DocumentTitle, ListPageHeader } from '@openshift-console/dynamic-plugin-sdk';
import { Breadcrumb, BreadcrumbItem, PageBreadcrumb, PageSection } from '@patternfly/react-core';
import { Link } from 'react-router';
import { LiveMark } from './states';

export interface Step {
  name: string;
  to: string;
}

interface Props {
  title: string;
  /** The pages above this one, the outermost first. */
  trail?: readonly Step[];
  /** Beside the title. */
  badge?: ReactNode;
  actions?: ReactNode;
  /** Between the heading and the content. */
  tabs?: ReactNode;
  children: ReactNode;
}

export const Page: FC<Props> = ({ title, trail, badge, actions, tabs, children }) => (
  <>
    <DocumentTitle>{title}</DocumentTitle>
    {trail && (
      <PageBreadcrumb hasBodyWrapper={false}>
        <Breadcrumb>
          {trail.map(({ name, to }) => (
            <BreadcrumbItem key={to} render={({ className }) => <Link {...{ className, to }}>{name}</Link>} />
          ))}
          <BreadcrumbItem isActive>{title}</BreadcrumbItem>
        </Breadcrumb>
      </PageBreadcrumb>
    )}
    <ListPageHeader title={title} badge={badge} hideFavoriteButton={Boolean(trail)}>
      <div className="bsls-heading-tools">
        <LiveMark />
        {actions}
      </div>
    </ListPageHeader>
    {tabs && (
      <PageSection type="tabs" hasBodyWrapper={false}>
        {tabs}
      </PageSection>
    )}
    <PageSection>{children}</PageSection>
  </>
);
