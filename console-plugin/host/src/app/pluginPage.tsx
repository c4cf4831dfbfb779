/** Pages that plugins put in the place of the plain ones, for lists and for single objects of a kind. */
import { type ComponentType, type ReactElement, Suspense, createElement, lazy, useMemo } from 'react';
import type { Extension } from '@openshift/dynamic-plugin-sdk';
import type { K8sGroupVersionKind, ResourceDetailsPage, ResourceListPage } from '@openshift-console/dynamic-plugin-sdk';
import { useExtensions } from '../sdk/extensions';
import { Waiting } from './Waiting';

type Replacing = ResourceListPage | ResourceDetailsPage;
type PageOf = ComponentType<{ namespace: string; model: K8sGroupVersionKind }>;

/** `guard` tells lists from single objects. */
export const usePluginPage = (
  guard: (one: Extension) => one is Replacing,
  gvk: K8sGroupVersionKind,
  namespace: string,
): ReactElement | undefined => {
  const { group, version, kind } = gvk;
  const found = useExtensions(guard);
  const page = useMemo(() => {
    const own = found.find(({ properties: { model } }) => {
      return model.group === group && model.kind === kind && (model.version ?? version) === version;
    });
    return own && lazy(async () => ({ default: (await own.properties.component()) as PageOf }));
  }, [found, group, version, kind]);
  // Waits in here: what is above would forget, and begin anew, what it waits for.
  return page && <Suspense fallback={<Waiting />}>{createElement(page, { namespace, model: gvk })}</Suspense>;
};
