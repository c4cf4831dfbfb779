/** The console's SDK in unit tests: typed as the real one; only what the plugin uses. */
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { FC } from 'react';
import { vi } from 'vitest';

type Mocked<Name extends keyof typeof Sdk> = (typeof Sdk)[Name];

export const consoleFetch = vi.fn<Mocked<'consoleFetch'>>();

export const useActiveNamespace = vi.fn<Mocked<'useActiveNamespace'>>(() => ['#ALL_NS#', () => undefined]);

export const DocumentTitle: Mocked<'DocumentTitle'> = () => null;

export const NamespaceBar: Mocked<'NamespaceBar'> = () => null;

export const ListPageHeader: FC<Parameters<Mocked<'ListPageHeader'>>[0]> = ({ title, badge, children }) => (
  <header>
    <h1>{title}</h1>
    {badge}
    {children}
  </header>
);

/** As of the SDK, whose own is not loaded here. */
export enum HealthState {
  OK = 'OK',
  ERROR = 'ERROR',
  WARNING = 'WARNING',
  LOADING = 'LOADING',
  UNKNOWN = 'UNKNOWN',
  UPDATING = 'UPDATING',
  PROGRESS = 'PROGRESS',
  UPGRADABLE = 'UPGRADABLE',
  NOT_AVAILABLE = 'NOT_AVAILABLE',
}

export const useK8sWatchResource = vi.fn<Mocked<'useK8sWatchResource'>>();

/** Everything is allowed, unless a test says otherwise. */
export const useAccessReview = vi.fn<Mocked<'useAccessReview'>>(() => [true, false]);

export const ResourceYAMLEditor: Mocked<'ResourceYAMLEditor'> = ({ initialResource, readOnly, onChange }) => (
  <textarea
    aria-label="YAML"
    readOnly={readOnly ?? false}
    defaultValue={JSON.stringify(initialResource)}
    onChange={(event) => onChange?.(event.target.value)}
  />
);
