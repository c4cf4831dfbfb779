/** One tenant of a server: snapshots over time, sessions, how to connect. */
import type { FC } from 'react';
import { useParams } from 'react-router';
import { Empty, Page } from '../../components';
import { useT } from '../../i18n';

const TenantPage: FC = () => {
  const t = useT();
  const { user = '' } = useParams();
  return (
    <Page title={user}>
      <Empty title={t('Nothing is shown here yet')} />
    </Page>
  );
};

export default TenantPage;
