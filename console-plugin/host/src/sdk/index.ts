/** The console's SDK as this host provides it: the parts that plugins of ours use, each of the SDK's own type. */
import { useFeatureFlag } from '@openshift/dynamic-plugin-sdk';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';

export * from '@openshift-console/dynamic-plugin-sdk/lib/extensions/console-types';
export {
  getAPIVersionForModel,
  getGroupVersionKindForModel,
  getGroupVersionKindForResource,
} from '@openshift-console/dynamic-plugin-sdk/lib/utils/k8s/k8s-ref';
export { checkAccess, useAccessReview, useAccessReviewAllowed } from '../k8s/access';
export { useK8sModel, useK8sModels, useK8sWatchResource, useK8sWatchResources } from '../k8s/hooks';
export { k8sCreate, k8sDelete, k8sGet, k8sList, k8sListItems, k8sPatch, k8sUpdate } from '../k8s/resources';
export { useActiveNamespace } from '../namespace';
export {
  DocumentTitle,
  ErrorBoundaryFallbackPage,
  ListPageBody,
  ListPageCreateButton,
  ListPageCreateLink,
  ListPageHeader,
  ResourceIcon,
  ResourceLink,
  Timestamp,
  useActivePerspective,
} from './components';
export {
  InventoryItem,
  InventoryItemBody,
  InventoryItemLoading,
  InventoryItemStatus,
  InventoryItemTitle,
  StatusPopupItem,
  StatusPopupSection,
} from './dashboard';
export { useResolvedExtensions } from './extensions';
export { HttpError, consoleFetch, consoleFetchJSON, consoleFetchText } from './fetch';
export { HorizontalNav } from './HorizontalNav';
export { NamespaceBar } from './NamespaceBar';
export { useDeleteModal, useModal, useOverlay } from './overlays';
export { ResourceYAMLEditor } from './YamlEditor';

export const useFlag: typeof Sdk.useFlag = (flag) => useFeatureFlag(flag)[0] ?? false;
