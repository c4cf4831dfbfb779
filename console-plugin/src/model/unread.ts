/** Files that a snapshot could not read, in a few words. Pure. */
import type { Unread } from '../api';

/** The system's own word, at the end of Kopia's chain of causes: `permission denied`. */
export const reasonOf = ({ error }: Pick<Unread, 'error'>): string => error.split(': ').findLast(Boolean) ?? error;

/** `etc/key (permission denied)`. */
export const fileAndReason = (unread: Unread): string => {
  const reason = reasonOf(unread);
  return reason ? `${unread.path} (${reason})` : unread.path;
};
