/** What every field of the form works on: the server that is being written, and what is wrong with it. */
import { createContext, useContext } from 'react';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { valueAt } from './values';

export interface Draft {
  server: K8sResourceKind;
  /** Sentences by the path of their field. */
  wrong: readonly { path: string; text: string }[];
  /** `kept`: a path that stays though what is in it goes. */
  set: (path: string, value: unknown, kept?: string) => void;
}

export const DraftContext = createContext<Draft | undefined>(undefined);

export const useDraft = (): Draft => {
  const draft = useContext(DraftContext);
  if (!draft) throw new Error('a field belongs into a form');
  return draft;
};

/** Whether what is wrong at `path` is of this field. */
export const isOf = (path: string, field: string): boolean =>
  path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);

/** Of one field: what it holds and what is wrong with it. */
export const useField = (path: string) => {
  const { server, wrong, set } = useDraft();
  return { value: valueAt(server, path), faults: wrong.filter((one) => isOf(one.path, path)), set };
};
