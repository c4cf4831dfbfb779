/** Small components of the console: headings, links to objects, times, namespaces. */
import { useEffect, useState } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { K8sGroupVersionKind } from '@openshift-console/dynamic-plugin-sdk';
import { Button, Content, Flex, Label, PageSection, Split, SplitItem, Title, Tooltip } from '@patternfly/react-core';
import { GlobeAmericasIcon } from '@patternfly/react-icons';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useAccessReview } from '../k8s/access';
import { useK8sModel } from '../k8s/hooks';
import { parseReference, reference } from '../k8s/models';

export const DocumentTitle: typeof Sdk.DocumentTitle = ({ children }) => {
  const title = [children].flat().join('');
  useEffect(() => {
    document.title = title;
  }, [title]);
  return null;
};

export const ListPageHeader: typeof Sdk.ListPageHeader = ({ title, badge, helpAlert, helpText, children }) => (
  <PageSection>
    <Split hasGutter isWrappable>
      <SplitItem isFilled>
        <Title headingLevel="h1" data-test="page-heading">
          {title} {badge}
        </Title>
        {helpText && <Content component="p">{helpText}</Content>}
        {helpAlert}
      </SplitItem>
      {children && (
        <SplitItem>
          <Flex alignItems={{ default: 'alignItemsCenter' }} columnGap={{ default: 'columnGapMd' }}>
            {children}
          </Flex>
        </SplitItem>
      )}
    </Split>
  </PageSection>
);

export const ListPageBody: typeof Sdk.ListPageBody = ({ children }) => <PageSection>{children}</PageSection>;

type Review = Parameters<typeof Sdk.ListPageCreateButton>[0]['createAccessReview'];

const useMayCreate = (review: Review): boolean => {
  const wanted = review?.groupVersionKind;
  const gvk = typeof wanted === 'string' ? parseReference(wanted) : wanted;
  const [model] = useK8sModel(gvk);
  const [allowed] = useAccessReview(
    { group: gvk?.group ?? '', resource: model?.plural ?? '', verb: 'create', namespace: review?.namespace },
    undefined,
    true,
  );
  return !review || allowed;
};

export const ListPageCreateButton: typeof Sdk.ListPageCreateButton = ({ createAccessReview, ...button }) => {
  const may = useMayCreate(createAccessReview);
  return may ? <Button variant="primary" {...button} /> : null;
};

export const ListPageCreateLink: typeof Sdk.ListPageCreateLink = ({ createAccessReview, to, children }) => {
  const may = useMayCreate(createAccessReview);
  const navigate = useNavigate();
  const go = (event: React.MouseEvent): void => {
    event.preventDefault();
    void navigate(to);
  };
  return may ? (
    <Button variant="primary" component="a" href={to} onClick={go} data-test="item-create">
      {children}
    </Button>
  ) : null;
};

const gvkOf = (kind?: string, given?: K8sGroupVersionKind): K8sGroupVersionKind | undefined =>
  given ?? (kind ? parseReference(kind) : undefined);

export const ResourceIcon: typeof Sdk.ResourceIcon = ({ kind, groupVersionKind, className }) => {
  const gvk = gvkOf(kind, groupVersionKind);
  const [model] = useK8sModel(gvk);
  const name = gvk?.kind ?? '';
  return (
    <Tooltip content={model?.label ?? name}>
      <Label isCompact color="blue" className={className} aria-label={model?.label ?? name}>
        {model?.abbr ?? (name.replace(/[a-z0-9]/g, '') || name)}
      </Label>
    </Tooltip>
  );
};

export const resourcePath = (gvk: K8sGroupVersionKind, name?: string, namespace?: string): string => {
  const place = namespace ? `ns/${namespace}` : name ? 'cluster' : 'all-namespaces';
  const kind = reference(gvk).replace(/^core~v1~/, '');
  return `/k8s/${place}/${kind}${name ? `/${encodeURIComponent(name)}` : ''}`;
};

export const ResourceLink: typeof Sdk.ResourceLink = (props) => {
  const { kind, groupVersionKind, name, namespace, displayName, linkTo = true, hideIcon, nameSuffix, children } = props;
  const gvk = gvkOf(kind, groupVersionKind);
  if (!gvk) return null;
  const text = displayName ?? name;
  return (
    <span className={props.className} title={props.title}>
      {!hideIcon && <ResourceIcon groupVersionKind={gvk} />}{' '}
      {linkTo && name ? (
        <Link to={resourcePath(gvk, name, namespace)} onClick={props.onClick} data-test={props.dataTest ?? name}>
          {text}
          {nameSuffix}
        </Link>
      ) : (
        <span data-test={props.dataTest ?? name}>{text}</span>
      )}
      {children}
    </span>
  );
};

/** The time to the minute; anew every minute, since it may be told as "today". */
export const Timestamp: typeof Sdk.Timestamp = ({ timestamp, simple, omitSuffix, className }) => {
  const { i18n } = useTranslation('host');
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 60_000);
    return () => clearInterval(timer);
  }, []);
  if (!timestamp) return <span className={className}>-</span>;
  const date = new Date(timestamp);
  const ago = relative(date.getTime() - now, i18n.language, omitSuffix);
  const full = date.toLocaleString(i18n.language, { dateStyle: 'medium', timeStyle: 'short' });
  const text = simple || omitSuffix ? ago : full;
  return (
    <span className={className}>
      {!simple && <GlobeAmericasIcon />}{' '}
      <Tooltip content={date.toISOString()}>
        <time dateTime={date.toISOString()}>{text}</time>
      </Tooltip>
    </span>
  );
};

const UNITS: ['day' | 'hour' | 'minute', number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

const relative = (ms: number, language: string, omitSuffix = false): string => {
  const [unit, size] = UNITS.find(([, one]) => Math.abs(ms) >= one) ?? (['minute', 60_000] as const);
  const count = Math.round(ms / size);
  return omitSuffix
    ? new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.abs(count))
    : new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(count, unit);
};

export const ErrorBoundaryFallbackPage: typeof Sdk.ErrorBoundaryFallbackPage = ({ title, errorMessage }) => (
  <PageSection>
    <Title headingLevel="h1">{title}</Title>
    <Content component="p">{errorMessage}</Content>
  </PageSection>
);

export const useActivePerspective: typeof Sdk.useActivePerspective = () => ['admin', () => undefined];
