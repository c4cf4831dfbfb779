/** File backup servers that are at work, in the activity of the cluster: being set up, changed or deleted. */
import type { FC } from 'react';
import type { K8sActivityProps } from '@openshift-console/dynamic-plugin-sdk';
import { Link } from 'react-router';
import { useT } from '../../i18n';
import { serverPath } from '../../model/paths';
import { judge, SERVERS_OF_CLUSTER } from '../watched';
import type { Watched } from '../watched';
import '../dashboard.css';

export const k8sResource = { ...SERVERS_OF_CLUSTER, prop: 'servers' };

export const isActivity = (server: Watched): boolean => judge(server).workingSince !== undefined;

export const getTimestamp = (server: Watched): Date => new Date(judge(server).workingSince ?? NaN);

export const Item: FC<K8sActivityProps<Watched>> = ({ resource }) => {
  const t = useT();
  const server = judge(resource);
  return (
    <div data-test="bsls-at-work">
      <Link to={serverPath(server)}>{`${server.namespace}/${server.name}`}</Link>{' '}
      {server.health === 'deleting'
        ? t('This server is being deleted. The backup data in the storage stays.')
        : (server.message ?? server.reason)}
    </div>
  );
};
