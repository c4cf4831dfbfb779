/** The card of the cluster's status: an item for each part that a plugin tells the health of. */
import type { FC } from 'react';
import type {
  DashboardsOverviewHealthResourceSubsystem,
  DashboardsOverviewHealthURLSubsystem,
  K8sResourceCommon,
  ResolvedExtension,
  ResourcesObject,
} from '@openshift-console/dynamic-plugin-sdk';
import { HealthState } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/console-types';
import {
  isDashboardsOverviewHealthResourceSubsystem,
  isDashboardsOverviewHealthURLSubsystem,
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
  Popover,
  Skeleton,
  Title,
} from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';
import { useExtensionText, useT } from '../../i18n';
import { useK8sWatchResource, useK8sWatchResources } from '../../k8s/hooks';
import { usePolled, useResolvedExtensions } from '../../sdk/extensions';
import { HealthMark } from './HealthMark';

interface Health {
  state: HealthState;
  message?: string;
}

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
          <Popover
            aria-label={popupTitle ?? title}
            position="bottom-start"
            minWidth="16rem"
            maxWidth="18rem"
            bodyContent={
              <>
                <Title headingLevel="h3" size="md">
                  {popupTitle ?? title}
                </Title>
                {popup}
              </>
            }
          >
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

export const StatusCard: FC = () => {
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
