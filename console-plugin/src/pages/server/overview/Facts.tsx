/** Terms with what is known of them; a dash where nothing is. */
import type { FC, ReactNode } from 'react';
import {
  Card,
  CardBody,
  CardTitle,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core';

export const Facts: FC<{ title: string; after?: ReactNode; children: ReactNode }> = ({ title, after, children }) => (
  <Card isFullHeight>
    <CardTitle component="h2">{title}</CardTitle>
    <CardBody>
      <DescriptionList isCompact>{children}</DescriptionList>
      {after}
    </CardBody>
  </Card>
);

export const Fact: FC<{ term: string; children?: ReactNode }> = ({ term, children }) => (
  <DescriptionListGroup>
    <DescriptionListTerm>{term}</DescriptionListTerm>
    <DescriptionListDescription className="bsls-words">
      {children === undefined || children === null || children === '' ? '–' : children}
    </DescriptionListDescription>
  </DescriptionListGroup>
);
