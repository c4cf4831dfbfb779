/** Why a snapshot is incomplete: Kopia's own word, or a better one. */
import type { T } from '../i18n';

export const causeWord = (t: T, cause: string): string => {
  if (cause === 'checkpoint') return t('only a checkpoint is in the repository');
  if (cause === 'canceled') return t('it was cancelled');
  return cause;
};
