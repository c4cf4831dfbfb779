/** What the namespace bar of the console says, as the API is asked for it. */
import { useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import type { Scope } from './stream';

const ALL_NAMESPACES = '#ALL_NS#';

/** No namespace: all of them. */
export const useScope = (): Scope => {
  const [namespace] = useActiveNamespace();
  return namespace && namespace !== ALL_NAMESPACES ? { namespace } : {};
};
