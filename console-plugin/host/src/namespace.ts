/** The namespace that pages are about, for this tab. */
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import { store, useStore } from './store';

export const ALL_NAMESPACES = '#ALL_NS#'; // as in OpenShift's console
const KEY = 'bsls/namespace';

const active = store(sessionStorage.getItem(KEY) ?? ALL_NAMESPACES);

export const activeNamespace = (): string => active.get();

export const setActiveNamespace = (namespace: string): void => {
  sessionStorage.setItem(KEY, namespace);
  active.set(namespace);
};

export const useActiveNamespace: typeof Sdk.useActiveNamespace = () => [useStore(active), setActiveNamespace];
