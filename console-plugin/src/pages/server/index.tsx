/** One server: overview, tenants, snapshots, events, logs, YAML. */
import type { FC } from 'react';
import { useParams } from 'react-router';
import { Empty, Page } from '../../components';
import { useT } from '../../i18n';

const ServerPage: FC = () => {
  const t = useT();
  const { namespace = '', name = '' } = useParams();
  return (
    <Page title={`${namespace}/${name}`}>
      <Empty title={t('Nothing is shown here yet')} />
    </Page>
  );
};

export default ServerPage;
