/** A form for a new server, beside its YAML. */
import type { FC } from 'react';
import { Empty, Page } from '../../components';
import { useT } from '../../i18n';

const CreatePage: FC = () => {
  const t = useT();
  return (
    <Page title={t('Create file backup server')}>
      <Empty title={t('Nothing is shown here yet')} />
    </Page>
  );
};

export default CreatePage;
