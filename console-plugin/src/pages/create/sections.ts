/** The fields of the form that a server can do without, group by group. What the CRD says of each is not repeated here. */
import type { T } from '../../i18n';

export interface Field {
  path: string;
  label: string;
  as: 'text' | 'number' | 'enum' | 'lines' | 'tlsSecret';
}

export interface Section {
  key: string;
  title: string;
  fields: readonly Field[];
}

const service = (t: T): Section => ({
  key: 'service',
  title: t('Service'),
  fields: [
    { path: 'spec.service.type', label: t('Type'), as: 'enum' },
    { path: 'spec.service.port', label: t('Port'), as: 'number' },
    { path: 'spec.service.nodePort', label: t('Node port'), as: 'number' },
    { path: 'spec.service.loadBalancerIP', label: t('Load balancer address'), as: 'text' },
    { path: 'spec.service.loadBalancerSourceRanges', label: t('Load balancer source ranges'), as: 'lines' },
  ],
});

const policy = (t: T): Section => ({
  key: 'policy',
  title: t('Retention, compression and files'),
  fields: [
    { path: 'spec.policy.retention.keepLatest', label: t('Keep latest'), as: 'number' },
    { path: 'spec.policy.retention.keepHourly', label: t('Keep hourly'), as: 'number' },
    { path: 'spec.policy.retention.keepDaily', label: t('Keep daily'), as: 'number' },
    { path: 'spec.policy.retention.keepWeekly', label: t('Keep weekly'), as: 'number' },
    { path: 'spec.policy.retention.keepMonthly', label: t('Keep monthly'), as: 'number' },
    { path: 'spec.policy.retention.keepAnnual', label: t('Keep annual'), as: 'number' },
    { path: 'spec.policy.compression.compressor', label: t('Compression'), as: 'enum' },
    { path: 'spec.policy.files.ignore', label: t('Files to leave out'), as: 'lines' },
    { path: 'spec.policy.driftPolicy', label: t('When somebody changes the policy'), as: 'enum' },
  ],
});

const RESOURCES = 'spec.podConfig.podResources';

/** All of them, in the order of the page. */
export const sections = (t: T): readonly Section[] => [
  {
    key: 'objectives',
    title: t('Objectives'),
    fields: [{ path: 'spec.objectives.maxSnapshotAge', label: t('Oldest last snapshot'), as: 'text' }],
  },
  policy(t),
  service(t),
  {
    key: 'tls',
    title: t('Certificate'),
    fields: [{ path: 'spec.tls.secretName', label: t('Secret of the certificate'), as: 'tlsSecret' }],
  },
  {
    key: 'repository',
    title: t('Object lock'),
    fields: [
      { path: 'spec.repository.retentionMode', label: t('Lock mode'), as: 'enum' },
      { path: 'spec.repository.retentionPeriod', label: t('Lock period'), as: 'text' },
    ],
  },
  {
    key: 'resources',
    title: t('Resources of the pod'),
    fields: [
      { path: `${RESOURCES}.requests.cpu`, label: t('CPU request'), as: 'text' },
      { path: `${RESOURCES}.requests.memory`, label: t('Memory request'), as: 'text' },
      { path: `${RESOURCES}.limits.cpu`, label: t('CPU limit'), as: 'text' },
      { path: `${RESOURCES}.limits.memory`, label: t('Memory limit'), as: 'text' },
    ],
  },
];
