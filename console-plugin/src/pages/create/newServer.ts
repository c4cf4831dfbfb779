/** What the editor of a new server begins with: the least that a server needs. Pure. */
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { GROUP, KIND, VERSION } from '../../api';

const ALL = '#ALL_NS#'; // the console's word for all namespaces

export const newServer = (active: string | undefined): K8sResourceKind => {
  const namespace = active && active !== ALL ? active : 'openshift-adp';
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: KIND,
    metadata: { name: 'file-backup', namespace },
    spec: {
      backupStorageLocation: { name: 'default', namespace },
      prefix: 'vms',
      repositoryPasswordSecret: { name: 'file-backup-repository', key: 'password' },
      userManagement: { source: { secret: { name: 'file-backup-users', key: 'users' } } },
    },
  };
};
