/** The card of what is going on now. */
import type { FC } from 'react';
import type {
  DashboardsOverviewResourceActivity,
  K8sResourceCommon,
  ResolvedExtension,
} from '@openshift-console/dynamic-plugin-sdk';
import { isDashboardsOverviewResourceActivity } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/dashboards';
import { Card, CardBody, CardHeader, CardTitle, Skeleton, Stack, StackItem } from '@patternfly/react-core';
import { useT } from '../../i18n';
import { useK8sWatchResource } from '../../k8s/hooks';
import { Timestamp } from '../../sdk/components';
import { useResolvedExtensions } from '../../sdk/extensions';

type Activity = ResolvedExtension<DashboardsOverviewResourceActivity>['properties'];
const MOST = 20;

const Activities: FC<Activity> = ({ k8sResource, isActivity, getTimestamp, component: Component }) => {
  const t = useT();
  const [items, loaded, error] = useK8sWatchResource<K8sResourceCommon[]>(k8sResource);
  if (error) return <>{t('Not available')}</>;
  if (!loaded) return <Skeleton screenreaderText={t('Loading')} />;
  const at = (one: K8sResourceCommon): Date | undefined =>
    getTimestamp
      ? getTimestamp(one)
      : one.metadata?.creationTimestamp
        ? new Date(one.metadata.creationTimestamp)
        : undefined;
  const shown = items
    .filter((one) => isActivity?.(one) ?? true)
    .map((one) => ({ one, time: at(one) }))
    .sort((one, other) => Number(other.time ?? 0) - Number(one.time ?? 0))
    .slice(0, MOST);
  if (shown.length === 0) return <>{t('Nothing happens at the moment.')}</>;
  return (
    <Stack hasGutter>
      {shown.map(({ one, time }) => (
        <StackItem key={one.metadata?.uid}>
          {time && <Timestamp simple timestamp={time.toISOString()} />} <Component resource={one} />
        </StackItem>
      ))}
    </Stack>
  );
};

export const ActivityCard: FC = () => {
  const t = useT();
  const [items, resolved] = useResolvedExtensions<DashboardsOverviewResourceActivity>(
    isDashboardsOverviewResourceActivity,
  );
  return (
    <Card data-test="activity-card">
      <CardHeader>
        <CardTitle component="h2">{t('Activity')}</CardTitle>
      </CardHeader>
      <CardBody>
        {!resolved ? (
          <Skeleton screenreaderText={t('Loading')} />
        ) : items.length === 0 ? (
          t('Nothing tells what it does here.')
        ) : (
          items.map(({ uid, properties }) => <Activities key={uid} {...properties} />)
        )}
      </CardBody>
    </Card>
  );
};
