/** What a new server begins with: the least that one needs. Pure. */
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { GROUP, KIND, VERSION } from '../../api';
import type { ServerName } from '../../model/paths';

const ALL = '#ALL_NS#'; // the console's word for all namespaces

/** `location`: a BackupStorageLocation that the user came from. */
export const newServer = (active: string | undefined, location?: ServerName): K8sResourceKind => {
  const namespace = location?.namespace || (active && active !== ALL ? active : 'openshift-adp');
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: KIND,
    metadata: { name: 'file-backup', namespace },
    spec: {
      backupStorageLocation: { name: location?.name || 'default', namespace },
      prefix: 'vms',
      repositoryPasswordSecret: { name: 'file-backup-repository', key: 'password' },
      userManagement: { source: { secret: { name: 'file-backup-users', key: 'users' } } },
    },
  };
};
