/** The server's custom resource as YAML, in the console's own editor. */
import type { FC } from 'react';
import { ResourceYAMLEditor, useK8sWatchResource } from '@openshift-console/dynamic-plugin-sdk';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { ApiError, GROUP, KIND, VERSION } from '../../api';
import { ErrorState, Loading } from '../../components';
import { useResource } from '../../live';
import type { TabProps } from './context';

const Yaml: FC<TabProps> = ({ place, scope }) => {
  const { namespace, name } = place;
  const watched = useK8sWatchResource<K8sResourceKind>({
    groupVersionKind: { group: GROUP, version: VERSION, kind: KIND },
    namespace,
    name,
  });
  const [found, loaded] = watched;
  const error: unknown = watched[2];
  const access = useResource('/access', { query: { namespace, name } }, scope, () => false);
  if (error) {
    const { code = 0, message = '' } = error as { code?: number; message?: string };
    return <ErrorState error={new ApiError(code, '', message)} retry={() => window.location.reload()} />;
  }
  if (!loaded || !found) return <Loading />;
  return (
    <ResourceYAMLEditor initialResource={found} hideHeader readOnly={access.data?.actions.updateServer === false} />
  );
};

export default Yaml;
