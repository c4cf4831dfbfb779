/** Which page an address means: the plugin's, or one of the few of our own. */
import { type ComponentType, type FC, Suspense, lazy, useMemo } from 'react';
import type { RoutePage } from '@openshift-console/dynamic-plugin-sdk';
import { isRoutePage } from '@openshift-console/dynamic-plugin-sdk/lib/extensions/pages';
import { Bullseye } from '@patternfly/react-core';
import { Link, Navigate, Route, Routes, useLocation } from 'react-router';
import { useT } from '../i18n';
import { useExtensions } from '../sdk/extensions';
import { Boundary, Failed } from './Failed';
import { ObjectPage, ObjectsPage } from './Objects';
import { Overview } from './overview';
import { Waiting } from './Waiting';

const pathsOf = ({ properties: { path, exact } }: RoutePage): string[] =>
  [path].flat().map((one) => (exact ? one : `${one}/*`));

const Missing: FC = () => {
  const t = useT();
  return (
    <>
      <Failed title={t('Page not found')} error={new Error(t('There is nothing at this address.'))} />
      <Bullseye>
        <Link to="/dashboards">{t('Overview')}</Link>
      </Bullseye>
    </>
  );
};

export const Pages: FC = () => {
  const { pathname } = useLocation();
  const found = useExtensions(isRoutePage);
  const pages = useMemo(
    () =>
      found.map((page) => ({
        key: page.uid,
        paths: pathsOf(page),
        Page: lazy(async () => ({ default: (await page.properties.component()) as ComponentType })),
      })),
    [found],
  );
  return (
    <Boundary of={pathname}>
      <Suspense fallback={<Waiting />}>
        <Routes>
          <Route path="/" element={<Navigate to="/dashboards" replace />} />
          <Route path="/dashboards" element={<Overview />} />
          <Route path="/k8s/all-namespaces/:plural" element={<ObjectsPage />} />
          <Route path="/k8s/ns/:ns/:plural" element={<ObjectsPage />} />
          <Route path="/k8s/ns/:ns/:plural/:name/*" element={<ObjectPage />} />
          <Route path="/k8s/cluster/:plural/:name/*" element={<ObjectPage />} />
          {pages.flatMap(({ key, paths, Page }) =>
            paths.map((path) => <Route key={`${key} ${path}`} path={path} element={<Page />} />),
          )}
          <Route path="*" element={<Missing />} />
        </Routes>
      </Suspense>
    </Boundary>
  );
};
