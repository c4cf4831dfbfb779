/** The card of what the cluster has, counted, by kind. */
import type { FC } from 'react';
import type {
  DashboardsOverviewInventoryItem,
  K8sResourceCommon,
  ResolvedExtension,
} from '@openshift-console/dynamic-plugin-sdk';
import { HealthState } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/console-types';
import { isDashboardsOverviewInventoryItem } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/dashboards';
import { Card, CardBody, CardHeader, CardTitle, FlexItem, Skeleton, Stack, StackItem } from '@patternfly/react-core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useT } from '../../i18n';
import { useK8sWatchResource, useK8sWatchResources } from '../../k8s/hooks';
import { resourcePath } from '../../sdk/components';
import { InventoryItem, InventoryItemLoading, InventoryItemTitle } from '../../sdk/dashboard';
import { useResolvedExtensions } from '../../sdk/extensions';
import { HealthMark } from './HealthMark';

type Inventory = ResolvedExtension<DashboardsOverviewInventoryItem>['properties'];

const InventoryRow: FC<Inventory> = ({ model, mapper, additionalResources }) => {
  const t = useT();
  const { t: translate } = useTranslation('host'); // labels of plugins name their own texts
  const { label, labelKey, labelPlural, labelPluralKey } = model;
  const word = useGroupWord();
  const gvk = { group: model.apiGroup, version: model.apiVersion, kind: model.kind };
  const [items, loaded, error] = useK8sWatchResource<K8sResourceCommon[]>({ groupVersionKind: gvk, isList: true });
  const more = useK8sWatchResources<Record<string, K8sResourceCommon[]>>(additionalResources ?? {});
  const others = Object.fromEntries(Object.entries(more).map(([key, { data }]) => [key, data]));
  const groups = mapper && loaded ? Object.entries(mapper(items as never, others)) : [];
  return (
    <InventoryItem>
      <InventoryItemTitle>
        <Link to={resourcePath(gvk)} data-test={`inventory-${model.kind}`}>
          {loaded ? items.length : ''}{' '}
          {items.length === 1 ? translate(labelKey ?? label) : translate(labelPluralKey ?? labelPlural)}
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
                <span className="pf-v6-screen-reader">{word(id)}</span>
              </span>
            ))
        )}
      </FlexItem>
    </InventoryItem>
  );
};

const useGroupWord = (): ((id: string) => string) => {
  const t = useT();
  const words: Record<string, string> = {
    WARN: t('with a warning'),
    ERROR: t('failed'),
    PROGRESS: t('at work'),
    UNKNOWN: t('not known'),
  };
  return (id) => words[id] ?? t('fine');
};

const GROUPS: Record<string, HealthState> = {
  WARN: HealthState.WARNING,
  ERROR: HealthState.ERROR,
  PROGRESS: HealthState.PROGRESS,
  UNKNOWN: HealthState.UNKNOWN,
};

export const InventoryCard: FC = () => {
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
