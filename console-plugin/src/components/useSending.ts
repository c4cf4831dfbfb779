/** Something that the user has done at the API: whether it is under way, and what went wrong with it, in a sentence. */
import { useState } from 'react';
import { apiError } from '../api';
import type { ApiError } from '../api';
import { useT } from '../i18n';
import { errorSentence } from './states';

export interface Sending {
  busy: boolean;
  /** Empty where nothing went wrong. */
  error: string;
  /** `more`: what is to be told beside the sentence. */
  send: (work: () => Promise<void>, more?: (error: ApiError) => string[]) => Promise<void>;
}

export const useSending = (): Sending => {
  const t = useT();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const send: Sending['send'] = async (work, more) => {
    setBusy(true);
    setError('');
    try {
      await work();
    } catch (caught) {
      const known = apiError(caught);
      setError([errorSentence(t, known), ...(more?.(known) ?? [])].join(' '));
    }
    setBusy(false);
  };
  return { busy, error, send };
};
