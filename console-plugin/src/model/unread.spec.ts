import { expect, it } from 'vitest';
import { fileAndReason } from './unread';

it.each([
  ['unable to open file: unable to open local file: open /home/etc/key: permission denied', 'permission denied'],
  ['open C:\\Users\\a\\etc\\key: Access is denied.', 'Access is denied.'],
  ['damaged', 'damaged'],
  ['unable to read: ', 'unable to read'],
])('tells the reason at the end of %j', (error, reason) => {
  expect(fileAndReason({ path: 'etc/key', error })).toBe(`etc/key (${reason})`);
});

it('does without a reason', () => {
  expect(fileAndReason({ path: 'etc/key', error: '' })).toBe('etc/key');
});
