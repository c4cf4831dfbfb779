/** What is wrong with a field, in words. */
import type { T } from '../../i18n';
import type { Fault } from './schema';

const typeSentence = (t: T, type: string): string => {
  if (type === 'integer') return t('Must be a whole number.');
  if (type === 'boolean') return t('Must be true or false.');
  if (type === 'array') return t('Must be a list.');
  return type === 'object' ? t('Must have fields of its own.') : t('Must be a text.');
};

/** A rule has the CRD's own sentence, which the API server would send. */
export const faultSentence = (t: T, fault: Fault): string => {
  switch (fault.kind) {
    case 'required':
      return t('Is needed.');
    case 'unknown':
      return t('There is no such field.');
    case 'malformed':
      return t('Does not have the form that is needed here.');
    case 'type':
      return typeSentence(t, fault.type);
    case 'atLeast':
      return t('Must be at least {{limit}}.', { limit: fault.limit });
    case 'atMost':
      return t('Must be at most {{limit}}.', { limit: fault.limit });
    case 'tooShort':
      return t('Must have at least {{limit}} characters.', { limit: fault.limit });
    case 'tooLong':
      return t('Must have at most {{limit}} characters.', { limit: fault.limit });
    case 'tooMany':
      return t('Must have at most {{limit}} entries.', { limit: fault.limit });
    case 'oneOf':
      return t('Must be one of {{values}}.', { values: fault.values.join(', ') });
    case 'rule':
      return fault.message;
  }
};
