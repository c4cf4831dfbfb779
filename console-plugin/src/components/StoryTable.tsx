/** What happened, a line each, the newest first: sessions with their snapshots, and maintenance. Each leads to its trace. */
import { memo, useDeferredValue } from 'react';
import type { ComponentProps, FC } from 'react';
import { Link } from 'react-router';
import { useLanguage, useT } from '../i18n';
import type { T } from '../i18n';
import { duration } from '../model/format';
import { serverPath, tenantPath, tracePath } from '../model/paths';
import { isTenants } from '../model/story';
import type { Story } from '../model/story';
import { Bytes, Count } from './Figure';
import { useNow } from './now';
import { causeWord } from './cause';
import { OutcomeLabel } from './Outcome';
import { Table, Tbody, Td, Th, Thead, Tr } from './Table';
import { useSlots } from './slots';
import { Time } from './Time';
import { unreadText } from './UnreadFiles';

/** What a line is about, in a few words. */
export const storyWords = (t: T, { kind, name, paths, snapshots }: Story): string => {
  const [first] = paths;
  if (kind === 'maintenance') return t('Maintenance');
  if (kind !== 'session' && kind !== 'snapshot') return name;
  if (first === undefined) return t('Session without a snapshot');
  if (paths.length > 1) return t('{{path}} and {{count}} more', { path: first, count: paths.length - 1 });
  return snapshots > 1 ? t('{{path}}, {{count}} times', { path: first, count: snapshots }) : first;
};

/** The reason in words: Kopia's own names for what this page can say better. */
export const storyReason = (t: T, { outcome, incomplete, reason, errors, unread }: Story): string | undefined => {
  if (reason && outcome === 'warning' && incomplete) return t('Incomplete: {{cause}}', { cause: causeWord(t, reason) });
  if (reason === 'server-ended') return t('Cut: the server process ended');
  if (reason) return reason;
  return unreadText(t, unread, errors);
};

const Lasted: FC<{ story: Story }> = ({ story: { start, end } }) => {
  const language = useLanguage();
  const now = useNow();
  return <>{duration(Math.max(0, (end ?? now) - start) / 1000, language)}</>;
};

interface RowProps {
  story: Story;
  /** What the page around says already. */
  hide: readonly ('server' | 'tenant')[];
}

const RowOf: FC<RowProps> = ({ story, hide }) => {
  const t = useT();
  const reason = storyReason(t, story);
  const known = story.snapshots > 0;
  return (
    <Tr data-test={`story-${story.id}`}>
      <Td dataLabel={t('Result')} modifier="fitContent">
        <OutcomeLabel story={story} />
      </Td>
      <Td dataLabel={t('Started')} modifier="nowrap">
        <Link to={tracePath(story.server, story.id)} data-test="open-trace">
          <Time at={story.start} />
        </Link>
      </Td>
      {!hide.includes('tenant') && (
        <Td dataLabel={t('Tenant')} modifier="breakWord">
          {isTenants(story) ? <Link to={tenantPath(story.server, story.subject)}>{story.subject}</Link> : '–'}
        </Td>
      )}
      <Td dataLabel={t('What')} modifier="breakWord">
        {storyWords(t, story)}
        {reason && <div className={`bsls-reason bsls-reason-${story.outcome}`}>{reason}</div>}
      </Td>
      {!hide.includes('server') && (
        <Td dataLabel={t('Server')} modifier="breakWord">
          <Link to={serverPath(story.server)}>{`${story.server.namespace}/${story.server.name}`}</Link>
        </Td>
      )}
      <Td dataLabel={t('Duration')} modifier="nowrap">
        <Lasted story={story} />
      </Td>
      <Td dataLabel={t('Size')} modifier="nowrap">
        <Bytes value={known ? story.bytes : undefined} />
      </Td>
      <Td dataLabel={t('Files')}>
        <Count value={known ? story.files : undefined} />
      </Td>
    </Tr>
  );
};

const same = (a: Story, b: Story): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
const Row = memo(RowOf, (a, b) => same(a.story, b.story) && a.hide === b.hide);

interface Props {
  label: string;
  rows: readonly Story[];
  hide?: RowProps['hide'];
  /** For a list that stands still under the hand. */
  at?: Partial<ComponentProps<typeof Tbody>>;
}

const keyOfStory = ({ server, id }: Story): string => `${server.namespace}/${server.name} ${id}`;

const NOTHING: RowProps['hide'] = [];

export const StoryTable: FC<Props> = ({ label, rows, hide = NOTHING, at }) => {
  const t = useT();
  const shown = useDeferredValue(rows); // another page is drawn without holding up the reader
  const slotOf = useSlots(shown.map(keyOfStory));
  return (
    <Table aria-label={label} gridBreakPoint="grid-lg">
      <Thead>
        <Tr>
          <Th>{t('Result')}</Th>
          <Th>{t('Started')}</Th>
          {!hide.includes('tenant') && <Th>{t('Tenant')}</Th>}
          <Th>{t('What')}</Th>
          {!hide.includes('server') && <Th>{t('Server')}</Th>}
          <Th>{t('Duration')}</Th>
          <Th>{t('Size')}</Th>
          <Th>{t('Files')}</Th>
        </Tr>
      </Thead>
      <Tbody {...at}>
        {shown.map((story) => (
          <Row key={slotOf(keyOfStory(story))} story={story} hide={hide} />
        ))}
      </Tbody>
    </Table>
  );
};
