/** Recent sessions and snapshots, each with its trace. */
import type { FC } from 'react';
import { Empty, Page } from '../../components';
import { useT } from '../../i18n';

const ActivityPage: FC = () => {
  const t = useT();
  return (
    <Page title={t('Snapshot activity')}>
      <Empty title={t('Nothing is shown here yet')} />
    </Page>
  );
};

export default ActivityPage;
