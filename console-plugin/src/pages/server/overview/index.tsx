/** A server at a glance: is it healthy, what goes on, what is wrong and what to do. */
import type { FC } from 'react';
import { Alert, Grid, GridItem } from '@patternfly/react-core';
import { useT } from '../../../i18n';
import type { TabProps } from '../context';
import { ActivityNow } from './ActivityNow';
import { Certificate } from './Certificate';
import { Conditions } from './Conditions';
import { FigureStrip } from './FigureStrip';
import { Problems } from './Problems';
import { Repository } from './Repository';
import { Trend } from './Trend';
import { Users } from './Users';

export const Overview: FC<TabProps> = ({ place, server, scope }) => {
  const t = useT();
  const full = 'spec' in server ? server : undefined;
  const counted = full ?? ('figures' in server ? server : undefined);
  const away = full !== undefined && !('figures' in full && full.figures);
  return (
    <Grid hasGutter>
      {away && (
        <GridItem>
          <Alert
            isInline
            component="h2"
            variant="warning"
            title={t('Figures and activity are not known now')}
            data-test="store-away"
          >
            {t(
              'The event store does not answer. What stands here is of the server itself; the rest comes back with the store.',
            )}
          </Alert>
        </GridItem>
      )}
      {counted && (
        <GridItem>
          <FigureStrip place={place} server={counted} />
        </GridItem>
      )}
      <GridItem lg={7}>
        <Conditions server={server} />
      </GridItem>
      <GridItem lg={5}>
        <Problems place={place} scope={scope} />
      </GridItem>
      <GridItem lg={7}>
        <Trend place={place} scope={scope} />
      </GridItem>
      <GridItem lg={5}>
        <ActivityNow place={place} scope={scope} />
      </GridItem>
      {full && (
        <>
          <GridItem lg={4} md={6}>
            <Repository server={full} />
          </GridItem>
          <GridItem lg={4} md={6}>
            <Certificate server={full} />
          </GridItem>
          <GridItem lg={4} md={12}>
            <Users server={full} />
          </GridItem>
        </>
      )}
    </Grid>
  );
};
