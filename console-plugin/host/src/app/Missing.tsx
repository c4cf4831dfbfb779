/** A kind that the cluster does not have, in one sentence: that is a fact, not an error. */
import type { FC } from 'react';
import type { K8sGroupVersionKind } from '@openshift-console/dynamic-plugin-sdk';
import { EmptyState } from '@patternfly/react-core';
import { useT } from '../i18n';

/** Who brings which kinds. */
const PRODUCTS: Record<string, string> = {
  'kubevirt.io': 'KubeVirt (OpenShift Virtualization)',
  'velero.io': 'Velero (OADP)',
  'oadp.openshift.io': 'bsls',
};

export const MissingKind: FC<{ gvk: K8sGroupVersionKind }> = ({ gvk: { group = '', version, kind } }) => {
  const t = useT();
  const product = PRODUCTS[group];
  const sentence = product
    ? t('This cluster has no {{kind}}, since {{product}} is not installed.', { kind, product })
    : t('This cluster has no {{kind}} of {{group}}.', { kind, group: group ? `${group}/${version}` : version });
  return <EmptyState titleText={sentence} headingLevel="h1" data-test="missing-kind" />;
};
