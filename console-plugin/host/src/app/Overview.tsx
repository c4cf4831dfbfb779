/** The overview: health, inventory and activity, of what plugins tell. */
import { type FC, Suspense, lazy, useMemo } from 'react';
import type {
  DashboardsOverviewHealthResourceSubsystem,
  DashboardsOverviewHealthURLSubsystem,
  DashboardsOverviewInventoryItem,
  DashboardsOverviewResourceActivity,
  K8sResourceCommon,
  ResolvedExtension,
  ResourcesObject,
} from '@openshift-console/dynamic-plugin-sdk';
import { HealthState } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/console-types';
import {
  isDashboardsCard,
  isDashboardsOverviewHealthResourceSubsystem,
  isDashboardsOverviewHealthURLSubsystem,
  isDashboardsOverviewInventoryItem,
  isDashboardsOverviewResourceActivity,
} from '@openshift-console/dynamic-plugin-sdk/lib/extensions/dashboards';
import {
  Button,
  Card,
  CardBody,
  CardHeader,
  CardTitle,
  Content,
  Flex,
  FlexItem,
  Grid,
  GridItem,
  Icon,
  PageSection,
  Popover,
  Skeleton,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import {
  CheckCircleIcon,
  ExclamationCircleIcon,
  ExclamationTriangleIcon,
  InProgressIcon,
  UnknownIcon,
} from '@patternfly/react-icons';
import { Link } from 'react-router';
import { useTranslation } from 'react-i18next';
import { useExtensionText, useT } from '../i18n';
import { useK8sWatchResource, useK8sWatchResources } from '../k8s/hooks';
import { DocumentTitle, ListPageHeader, Timestamp, resourcePath } from '../sdk/components';
import { InventoryItem, InventoryItemLoading, InventoryItemTitle } from '../sdk/dashboard';
import { useExtensions, usePolled, useResolvedExtensions } from '../sdk/extensions';
import { Boundary } from './Failed';

interface Health {
  state: HealthState;
  message?: string;
}

const MARKS = {
  [HealthState.OK]: [CheckCircleIcon, 'success'],
  [HealthState.ERROR]: [ExclamationCircleIcon, 'danger'],
  [HealthState.WARNING]: [ExclamationTriangleIcon, 'warning'],
  [HealthState.PROGRESS]: [InProgressIcon, 'info'],
  [HealthState.UPDATING]: [InProgressIcon, 'info'],
} as const;

const HealthMark: FC<{ state: HealthState }> = ({ state }) => {
  const [Mark, status] = MARKS[state as keyof typeof MARKS] ?? [UnknownIcon, undefined];
  return (
    <Icon status={status}>
      <Mark />
    </Icon>
  );
};

const HealthItem: FC<{ title: string; popupTitle?: string; health?: Health; popup?: React.ReactNode }> = (props) => {
  const t = useT();
  const { title, popupTitle, health, popup } = props;
  const isLoading = !health || health.state === HealthState.LOADING;
  return (
    <Flex columnGap={{ default: 'columnGapSm' }} data-test={`health-${title}`} data-state={health?.state}>
      <FlexItem>
        {isLoading ? (
          <Skeleton shape="circle" width="1rem" screenreaderText={t('Loading')} />
        ) : (
          <HealthMark state={health.state} />
        )}
      </FlexItem>
      <FlexItem>
        {popup ? (
          <Popover headerContent={popupTitle ?? title} bodyContent={popup}>
            <Button variant="link" isInline>
              {title}
            </Button>
          </Popover>
        ) : (
          title
        )}
        {health?.message && <Content component="small">{health.message}</Content>}
      </FlexItem>
    </Flex>
  );
};

type OfURL = ResolvedExtension<DashboardsOverviewHealthURLSubsystem>['properties'];
type OfResources = ResolvedExtension<DashboardsOverviewHealthResourceSubsystem>['properties'];

const URLHealth: FC<OfURL> = ({
  title,
  url,
  fetch: ask,
  healthHandler,
  additionalResource,
  popupComponent,
  popupTitle,
}) => {
  const text = useExtensionText();
  const polled = usePolled(url, ask as ((url: string) => Promise<unknown>) | undefined);
  const [data, loaded, loadError] = useK8sWatchResource<K8sResourceCommon[]>(additionalResource ?? null);
  const more = additionalResource ? { data, loaded, loadError: loadError as unknown } : undefined;
  const Popup = popupComponent;
  const popup = Popup && polled && (
    <Popup healthResult={polled.data} healthResultError={polled.error} k8sResult={more} />
  );
  return (
    <HealthItem
      title={text(title)}
      popupTitle={popupTitle && text(popupTitle)}
      health={polled && healthHandler(polled.data, polled.error, more)}
      popup={popup}
    />
  );
};

const ResourceHealth: FC<OfResources> = ({ title, resources, healthHandler, popupComponent, popupTitle }) => {
  const { t } = useTranslation('host');
  const text = useExtensionText();
  const found = useK8sWatchResources<ResourcesObject>(resources);
  const Popup = popupComponent as FC<object> | undefined;
  return (
    <HealthItem
      title={text(title)}
      popupTitle={popupTitle && text(popupTitle)}
      health={healthHandler(found, t)}
      popup={Popup && <Popup {...found} />}
    />
  );
};

const StatusCard: FC = () => {
  const t = useT();
  const [byURL, urlsResolved] = useResolvedExtensions<DashboardsOverviewHealthURLSubsystem>(
    isDashboardsOverviewHealthURLSubsystem,
  );
  const [byResources, resolved] = useResolvedExtensions<DashboardsOverviewHealthResourceSubsystem>(
    isDashboardsOverviewHealthResourceSubsystem,
  );
  return (
    <Card data-test="status-card">
      <CardHeader>
        <CardTitle component="h2">{t('Status')}</CardTitle>
      </CardHeader>
      <CardBody>
        {!(resolved && urlsResolved) ? (
          <Skeleton screenreaderText={t('Loading')} />
        ) : byURL.length + byResources.length === 0 ? (
          t('Nothing tells its health here.')
        ) : (
          <Flex columnGap={{ default: 'columnGap2xl' }}>
            {byURL.map(({ uid, properties }) => (
              <URLHealth key={uid} {...properties} />
            ))}
            {byResources.map(({ uid, properties }) => (
              <ResourceHealth key={uid} {...properties} />
            ))}
          </Flex>
        )}
      </CardBody>
    </Card>
  );
};

type Inventory = ResolvedExtension<DashboardsOverviewInventoryItem>['properties'];

const InventoryRow: FC<Inventory> = ({ model, mapper, additionalResources }) => {
  const t = useT();
  const gvk = { group: model.apiGroup, version: model.apiVersion, kind: model.kind };
  const [items, loaded, error] = useK8sWatchResource<K8sResourceCommon[]>({ groupVersionKind: gvk, isList: true });
  const more = useK8sWatchResources<Record<string, K8sResourceCommon[]>>(additionalResources ?? {});
  const others = Object.fromEntries(Object.entries(more).map(([key, { data }]) => [key, data]));
  const groups = mapper && loaded ? Object.entries(mapper(items as never, others)) : [];
  return (
    <InventoryItem>
      <InventoryItemTitle>
        <Link to={resourcePath(gvk)} data-test={`inventory-${model.kind}`}>
          {loaded ? items.length : ''} {items.length === 1 ? model.label : model.labelPlural}
        </Link>
      </InventoryItemTitle>
      <FlexItem>
        {error ? (
          t('Not available')
        ) : !loaded ? (
          <InventoryItemLoading />
        ) : (
          groups
            .filter(([, { count }]) => count > 0)
            .map(([id, { count }]) => (
              <span key={id} className="bsls-host-group">
                <HealthMark state={GROUPS[id] ?? HealthState.OK} /> {count}
              </span>
            ))
        )}
      </FlexItem>
    </InventoryItem>
  );
};

const GROUPS: Record<string, HealthState> = {
  WARN: HealthState.WARNING,
  ERROR: HealthState.ERROR,
  PROGRESS: HealthState.PROGRESS,
  UNKNOWN: HealthState.UNKNOWN,
};

const InventoryCard: FC = () => {
  const t = useT();
  const [items, resolved] = useResolvedExtensions<DashboardsOverviewInventoryItem>(isDashboardsOverviewInventoryItem);
  return (
    <Card data-test="inventory-card">
      <CardHeader>
        <CardTitle component="h2">{t('Inventory')}</CardTitle>
      </CardHeader>
      <CardBody>
        {!resolved ? (
          <Skeleton screenreaderText={t('Loading')} />
        ) : items.length === 0 ? (
          t('Nothing is counted here.')
        ) : (
          <Stack hasGutter>
            {items.map(({ uid, properties }) => (
              <StackItem key={uid}>
                <InventoryRow {...properties} />
              </StackItem>
            ))}
          </Stack>
        )}
      </CardBody>
    </Card>
  );
};

type Activity = ResolvedExtension<DashboardsOverviewResourceActivity>['properties'];
const MOST = 20;

const Activities: FC<Activity> = ({ k8sResource, isActivity, getTimestamp, component: Component }) => {
  const t = useT();
  const [items, loaded] = useK8sWatchResource<K8sResourceCommon[]>(k8sResource);
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

const ActivityCard: FC = () => {
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
