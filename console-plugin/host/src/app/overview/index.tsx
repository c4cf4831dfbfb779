/** The overview: health, inventory and activity, of what plugins tell. */
import { type FC, Suspense, lazy, useMemo } from 'react';
import { isDashboardsCard } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/dashboards';
import { Grid, GridItem, PageSection, Skeleton } from '@patternfly/react-core';
import { useT } from '../../i18n';
import { DocumentTitle, ListPageHeader } from '../../sdk/components';
import { useExtensions } from '../../sdk/extensions';
import { Boundary } from '../Failed';
import { ActivityCard } from './Activity';
import { InventoryCard } from './Inventory';
import { StatusCard } from './Status';

/** Cards that plugins add to the overview itself. */
const PluginCards: FC = () => {
  const found = useExtensions(isDashboardsCard);
  const cards = useMemo(
    () =>
      found
        .filter(({ properties }) => properties.tab === 'home')
        .map(({ uid, properties }) => ({
          uid,
          Card: lazy(async () => ({ default: await properties.component() })),
        })),
    [found],
  );
  return cards.map(({ uid, Card: PluginCard }) => (
    <GridItem key={uid}>
      <Boundary of={uid}>
        <Suspense fallback={<Skeleton height="8rem" />}>
          <PluginCard />
        </Suspense>
      </Boundary>
    </GridItem>
  ));
};

export const Overview: FC = () => {
  const t = useT();
  return (
    <>
      <DocumentTitle>{t('Overview')}</DocumentTitle>
      <ListPageHeader title={t('Overview')} />
      <PageSection>
        <Grid hasGutter lg={6}>
          <GridItem lg={12}>
            <StatusCard />
          </GridItem>
          <GridItem>
            <InventoryCard />
          </GridItem>
          <GridItem>
            <ActivityCard />
          </GridItem>
          <PluginCards />
        </Grid>
      </PageSection>
    </>
  );
};
