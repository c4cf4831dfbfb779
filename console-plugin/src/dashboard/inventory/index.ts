/** The number of file backup servers in the inventory of the cluster, and how many of them are not well. */
import type { K8sModel, StatusGroupMapper } from '@openshift-console/dynamic-plugin-sdk';
import { GROUP, KIND, PLURAL, VERSION } from '../../api';
import { NAMESPACE } from '../../i18n';
import type { Health } from '../../model/health';
import { judge } from '../watched';
import type { Watched } from '../watched';

/** The console looks the text up itself. */
const t = (key: string): string => `${NAMESPACE}~${key}`;

export const model: K8sModel = {
  kind: KIND,
  abbr: 'BSLS',
  label: 'File backup server',
  labelKey: t('File backup server'),
  labelPlural: 'File backup servers',
  labelPluralKey: t('File backup servers'),
  plural: PLURAL,
  apiGroup: GROUP,
  apiVersion: VERSION,
  namespaced: true,
  crd: true,
};

/** The console's groups; the last one has no mark. */
const GROUP_OF: Record<Health, string> = {
  unavailable: 'ERROR',
  degraded: 'WARN',
  progressing: 'PROGRESS',
  deleting: 'PROGRESS',
  unknown: 'UNKNOWN',
  available: 'NOT_MAPPED',
};

export const mapper: StatusGroupMapper<Watched> = (servers) => {
  const groups: ReturnType<StatusGroupMapper> = {};
  for (const server of servers) {
    const { health } = judge(server);
    const group = (groups[GROUP_OF[health]] ??= { statusIDs: [], count: 0 });
    if (!group.statusIDs.includes(health)) group.statusIDs.push(health);
    group.count += 1;
  }
  return groups;
};
