/** The page: log-in, or masthead, sidebar and the plugin's pages. */
import { type FC, Suspense, useEffect, useState } from 'react';
import { PluginStoreProvider } from '@openshift/dynamic-plugin-sdk';
import { Page, SkipToContent } from '@patternfly/react-core';
import { BrowserRouter } from 'react-router';
import { useT } from '../i18n';
import { loadPlugin, plugins } from '../plugin/load';
import { Overlays } from '../sdk/overlays';
import { type Session, findSession, session as sessionStore } from '../session';
import { useStore } from '../store';
import { Failed } from './Failed';
import { Header } from './Header';
import { Login } from './Login';
import { Pages } from './Pages';
import { Sidebar } from './Sidebar';
import { Waiting } from './Waiting';

const MAIN = 'main';

/** Runs `work` until it succeeds. */
const useWork = (work: () => Promise<void>): { done: boolean; error: unknown; retry: () => void } => {
  const [tries, setTries] = useState(0);
  const [found, setFound] = useState<{ done: boolean; error: unknown }>({ done: false, error: undefined });
  useEffect(() => {
    work().then(
      () => setFound({ done: true, error: undefined }),
      (error: unknown) => setFound({ done: false, error }),
    );
  }, [work, tries]);
  return { ...found, retry: () => setTries(tries + 1) };
};

const Inside: FC<{ session: Session }> = ({ session }) => {
  const t = useT();
  const { done, error, retry } = useWork(loadPlugin);
  return (
    <Page
      mainContainerId={MAIN}
      masthead={<Header session={session} />}
      sidebar={<Sidebar />}
      skipToContent={<SkipToContent href={`#${MAIN}`}>{t('Skip to content')}</SkipToContent>}
      isManagedSidebar
      isContentFilled
    >
      {done ? (
        <Pages />
      ) : error ? (
        <Failed title={t('The pages cannot be loaded')} error={error} retry={retry} />
      ) : (
        <Waiting />
      )}
    </Page>
  );
};

export const App: FC = () => {
  const t = useT();
  const session = useStore(sessionStore);
  const { error, retry } = useWork(findSession);
  if (session === undefined) {
    return error ? <Failed title={t('The server does not answer')} error={error} retry={retry} /> : <Waiting />;
  }
  if (session === null) return <Login />;
  return (
    <PluginStoreProvider store={plugins}>
      <BrowserRouter>
        <Suspense fallback={<Waiting />}>
          <Inside session={session} />
          <Overlays />
        </Suspense>
      </BrowserRouter>
    </PluginStoreProvider>
  );
};
