/** What dashboards are made of: items of the status card and of the inventory. */
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import { DescriptionList, Flex, FlexItem, Skeleton, Split, SplitItem, Title } from '@patternfly/react-core';
import { Link } from 'react-router';
import { useT } from '../i18n';

export const StatusPopupSection: typeof Sdk.StatusPopupSection = ({ firstColumn, secondColumn, children }) => (
  <DescriptionList>
    <Split hasGutter>
      <SplitItem isFilled>
        <Title headingLevel="h4">{firstColumn}</Title>
      </SplitItem>
      {secondColumn && <SplitItem>{secondColumn}</SplitItem>}
    </Split>
    {children}
  </DescriptionList>
);

export const StatusPopupItem: typeof Sdk.StatusPopupItem = ({ children, value, icon }) => (
  <Split hasGutter>
    <SplitItem isFilled>{children}</SplitItem>
    {value && <SplitItem>{value}</SplitItem>}
    {icon && <SplitItem>{icon}</SplitItem>}
  </Split>
);

export const InventoryItem: typeof Sdk.InventoryItem = ({ children }) => (
  <Flex justifyContent={{ default: 'justifyContentSpaceBetween' }}>{children}</Flex>
);

export const InventoryItemTitle: typeof Sdk.InventoryItemTitle = ({ children }) => <FlexItem>{children}</FlexItem>;

export const InventoryItemBody: typeof Sdk.InventoryItemBody = ({ error, children }) => {
  const t = useT();
  return <FlexItem>{error ? t('Not available') : children}</FlexItem>;
};

export const InventoryItemStatus: typeof Sdk.InventoryItemStatus = ({ count, icon, linkTo }) => {
  const content = (
    <>
      {icon} {count}
    </>
  );
  return linkTo ? <Link to={linkTo}>{content}</Link> : <span>{content}</span>;
};

export const InventoryItemLoading: typeof Sdk.InventoryItemLoading = () => <Skeleton width="6rem" />;
