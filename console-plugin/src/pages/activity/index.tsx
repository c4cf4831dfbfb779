/** Recent sessions and snapshots; each opens its trace. */
import { lazy, Suspense } from 'react';
import type { FC } from 'react';
import { useParams } from 'react-router';
import { Loading, Page } from '../../components';
import { useT } from '../../i18n';
import List from './List';

const Trace = lazy(() => import('./trace'));

const ActivityPage: FC = () => {
  const t = useT();
  const { namespace, name, trace } = useParams();
  if (!namespace || !name || !trace) return <List />;
  return (
    <Suspense
      fallback={
        <Page title={t('Trace')}>
          <Loading />
        </Page>
      }
    >
      <Trace key={trace} server={{ namespace, name }} id={trace} />
    </Suspense>
  );
};

export default ActivityPage;
