/** The frame of every page: document title, heading, actions, and how the live stream stands. */
import type { FC, ReactNode } from 'react';
import { DocumentTitle, ListPageHeader } from '@openshift-console/dynamic-plugin-sdk';
import { PageSection } from '@patternfly/react-core';
import { LiveMark } from './states';

export const Page: FC<{ title: string; actions?: ReactNode; children: ReactNode }> = ({ title, actions, children }) => (
  <>
    <DocumentTitle>{title}</DocumentTitle>
    <ListPageHeader title={title}>
      <LiveMark />
      {actions}
    </ListPageHeader>
    <PageSection>{children}</PageSection>
  </>
);
