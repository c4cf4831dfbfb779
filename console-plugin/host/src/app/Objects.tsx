/** Objects that plugins add tabs to: a plain list, and a page with YAML and those tabs. */
import { type FC, useEffect } from 'react';
import type { K8sResourceCommon, K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { isResourceDetailsPage, isResourceListPage } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/pages';
import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  EmptyState,
  PageSection,
  Skeleton,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useNavigate, useParams } from 'react-router';
import { useT } from '../i18n';
import { useAccessReview } from '../k8s/access';
import { useK8sModel, useK8sWatchResource } from '../k8s/hooks';
import { parseReference } from '../k8s/models';
import { ALL_NAMESPACES, useActiveNamespace } from '../namespace';
import { DocumentTitle, ListPageHeader, ResourceLink, Timestamp } from '../sdk/components';
import { HorizontalNav } from '../sdk/HorizontalNav';
import { NamespaceBar } from '../sdk/NamespaceBar';
import { ResourceYAMLEditor } from '../sdk/YamlEditor';
import { Failed } from './Failed';
import { MissingKind } from './Missing';
import { usePluginPage } from './pluginPage';

export const ObjectsPage: FC = () => {
  const { plural = '', ns = '' } = useParams();
  const replacement = usePluginPage(isResourceListPage, parseReference(plural), ns);
  return replacement ?? <PlainList />;
};

const PlainList: FC = () => {
  const t = useT();
  const { plural: reference = '', ns: namespace } = useParams();
  const gvk = parseReference(reference);
  const [active, setActive] = useActiveNamespace();
  const navigate = useNavigate();
  const chosen = namespace ?? (active === ALL_NAMESPACES ? undefined : active);
  useEffect(() => {
    if (namespace) setActive(namespace); // an address says more than what was chosen before
  }, [namespace, setActive]);
  const [model, asking] = useK8sModel(gvk);
  const wanted = { groupVersionKind: gvk, isList: true, namespace: chosen };
  const [items, loaded, error] = useK8sWatchResource<K8sResourceCommon[]>(wanted);
  const title = model?.labelPlural ?? gvk.kind;
  if (!model && !asking) return <MissingKind gvk={gvk} />;
  return (
    <>
      <NamespaceBar
        onNamespaceChange={(next) =>
          void navigate(next === ALL_NAMESPACES ? `/k8s/all-namespaces/${reference}` : `/k8s/ns/${next}/${reference}`)
        }
      />
      <DocumentTitle>{title}</DocumentTitle>
      <ListPageHeader title={title} />
      <PageSection>
        {error ? (
          <Failed title={t('They cannot be listed')} error={error} />
        ) : !loaded ? (
          <Skeleton height="12rem" screenreaderText={t('Loading')} />
        ) : items.length === 0 ? (
          <EmptyState titleText={t('There are none')} headingLevel="h2" />
        ) : (
          <Table aria-label={title} variant="compact">
            <Thead>
              <Tr>
                <Th>{t('Name')}</Th>
                <Th>{t('Namespace')}</Th>
                <Th>{t('Created')}</Th>
              </Tr>
            </Thead>
            <Tbody>
              {items.map(({ metadata }) => (
                <Tr key={metadata?.uid}>
                  <Td dataLabel={t('Name')}>
                    <ResourceLink groupVersionKind={gvk} name={metadata?.name} namespace={metadata?.namespace} />
                  </Td>
                  <Td dataLabel={t('Namespace')}>{metadata?.namespace ?? '-'}</Td>
                  <Td dataLabel={t('Created')}>
                    <Timestamp timestamp={metadata?.creationTimestamp} />
                  </Td>
                </Tr>
              ))}
            </Tbody>
          </Table>
        )}
      </PageSection>
    </>
  );
};

const Details: FC<{ obj?: K8sResourceCommon }> = ({ obj }) => {
  const t = useT();
  const { name, namespace, creationTimestamp, labels = {} } = obj?.metadata ?? {};
  const rows: [string, React.ReactNode][] = [
    [t('Name'), name],
    [t('Namespace'), namespace ?? '-'],
    [
      t('Labels'),
      Object.entries(labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || '-',
    ],
    [t('Created'), <Timestamp key="created" timestamp={creationTimestamp} />],
  ];
  return (
    <PageSection>
      <DescriptionList>
        {rows.map(([term, description]) => (
          <DescriptionListGroup key={term}>
            <DescriptionListTerm>{term}</DescriptionListTerm>
            <DescriptionListDescription>{description}</DescriptionListDescription>
          </DescriptionListGroup>
        ))}
      </DescriptionList>
    </PageSection>
  );
};

const Yaml: FC<{ obj?: K8sResourceKind }> = ({ obj }) => {
  const gvk = parseReference(useParams()['plural'] ?? '');
  const [model] = useK8sModel(gvk);
  const { name, namespace } = obj?.metadata ?? {};
  const [allowed] = useAccessReview({ group: gvk.group, resource: model?.plural, verb: 'update', name, namespace });
  return obj ? <ResourceYAMLEditor initialResource={obj} readOnly={!allowed} /> : null;
};

export const ObjectPage: FC = () => {
  const { plural = '', ns = '' } = useParams();
  const replacement = usePluginPage(isResourceDetailsPage, parseReference(plural), ns);
  return replacement ?? <PlainObject />;
};

const PlainObject: FC = () => {
  const t = useT();
  const { plural = '', ns: namespace, name } = useParams();
  const gvk = parseReference(plural);
  const [model, asking] = useK8sModel(gvk);
  const wanted = { groupVersionKind: gvk, name, namespace };
  const [found, loaded, error] = useK8sWatchResource<K8sResourceKind>(wanted);
  if (!model && !asking) return <MissingKind gvk={gvk} />;
  if (error) return <Failed title={t('It cannot be shown')} error={error} />;
  if (!loaded) return <Skeleton height="12rem" screenreaderText={t('Loading')} />;
  const pages = [
    { href: '', name: t('Details'), component: Details },
    { href: 'yaml', name: t('YAML'), component: Yaml },
  ];
  return (
    <>
      <DocumentTitle>{name ?? ''}</DocumentTitle>
      <ListPageHeader title={name ?? ''} />
      <HorizontalNav resource={found} pages={pages} />
    </>
  );
};
