/** What is wrong with a draft: by the CRD at once, by the API server (a dry run) once the user rests. */
import { useEffect, useMemo, useState } from 'react';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { KubernetesError, apiError, createServer, isAbort } from '../../api';
import type { ApiError } from '../../api';
import { errorSentence, useSettled } from '../../components';
import { useT } from '../../i18n';
import type { T } from '../../i18n';
import type { Draft } from './context';
import { faultSentence } from './texts';
import { wrongOf } from './values';

type Wrongs = Draft['wrong'];

/** What the API server refused, by field; `field` is '' where it named none. */
export const refusedFields = (t: T, error: ApiError): { path: string; text: string }[] => {
  const causes = error instanceof KubernetesError ? error.causes : [];
  if (causes.length) return causes.map(({ field = '', message }) => ({ path: field, text: message }));
  const text = errorSentence(t, error);
  if (error.status === 409) return [{ path: 'metadata.name', text }];
  return [{ path: error.status === 404 ? 'metadata.namespace' : '', text }];
};

interface Refused {
  of: K8sResourceKind;
  wrong: Wrongs;
}

/** `refuse`: tells of a refusal that came otherwise. It counts until the draft changes. */
export const useChecked = (server: K8sResourceKind, mayCreate: boolean) => {
  const t = useT();
  const [refused, setRefused] = useState<Refused>();
  const own = useMemo(
    () => wrongOf(server).map(({ path, fault }) => ({ path, text: faultSentence(t, fault) })),
    [server, t],
  );
  const settled = useSettled(server);
  const ask = mayCreate && settled === server && own.length === 0;
  useEffect(() => {
    if (!ask) return undefined;
    const leaving = new AbortController();
    createServer(server, { dryRun: true, signal: leaving.signal }).then(
      () => setRefused({ of: server, wrong: [] }),
      (error: unknown) => {
        // A server that cannot answer now refuses nothing: Create will say so.
        const known = apiError(error);
        if (!isAbort(error) && known.status >= 400 && known.status < 500)
          setRefused({ of: server, wrong: refusedFields(t, known) });
      },
    );
    return () => leaving.abort();
  }, [ask, server, t]);
  const wrong = own.length ? own : refused?.of === server ? refused.wrong : [];
  return { wrong, refuse: (found: Wrongs) => setRefused({ of: server, wrong: found }) };
};
