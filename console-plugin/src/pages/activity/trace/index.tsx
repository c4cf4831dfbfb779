/** One trace: what a tenant's session did, as a waterfall, with the events on the same time line. */
import type { FC } from 'react';
import { Alert, Card, CardBody, CardTitle, DescriptionList } from '@patternfly/react-core';
import { Link } from 'react-router';
import { eventName, getEvents, getIfChanged, serverOf } from '../../../api';
import type { EventPage, ServerEvent, TraceView } from '../../../api';
import {
  Bytes,
  Content,
  Count,
  Empty,
  errorSentence,
  Loading,
  OutcomeLabel,
  Page,
  storyOutcomeWord,
  storyReason,
  storyWords,
  Time,
  UnreadFiles,
  useNow,
} from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import { useLoaded, useScope } from '../../../live';
import type { Scope, Shown } from '../../../live';
import { duration } from '../../../model/format';
import { ACTIVITY, serverPath, tenantPath } from '../../../model/paths';
import type { ServerName } from '../../../model/paths';
import { isTenants, storyOf } from '../../../model/story';
import type { Story } from '../../../model/story';
import { Fact } from './Fact';
import { timeLineOf } from './layout';
import { Marks } from './Marks';
import { ViewerLink } from './ViewerLink';
import { Waterfall } from './Waterfall';
import './trace.css';

/** Events of a trace come a little after what they tell of: snapshots are found when the repository is looked at. */
const AFTER_MS = 60_000;
const MOST_EVENTS = 500;

const ofServer =
  ({ namespace, name }: ServerName) =>
  (event: ServerEvent): boolean => {
    const found = serverOf(event);
    return found?.namespace === namespace && found.name === name;
  };

const useTrace = (server: ServerName, id: string, scope: Scope): Shown<TraceView | null> => {
  const own = ofServer(server);
  return useLoaded<TraceView | null>(
    `trace ${server.namespace}/${server.name} ${id}`,
    async (signal, etag) => {
      const answer = await getIfChanged('/servers/{namespace}/{name}/traces', {
        parameters: { ...server },
        query: { trace: id, limit: 1, vmNamespace: scope.vmNamespace },
        signal,
        etag,
      });
      return answer.unchanged ? answer : { ...answer, data: answer.data.items[0] ?? null };
    },
    scope,
    (event) => own(event) && /^(session|snapshot|maintenance)\./.test(eventName(event)),
  );
};

const useEvents = (server: ServerName, trace: TraceView, scope: Scope): Shown<EventPage> => {
  const own = ofServer(server);
  const from = new Date(Date.parse(trace.start)).toISOString();
  const until = trace.end ? new Date(Date.parse(trace.end) + AFTER_MS).toISOString() : undefined;
  return useLoaded(
    `events of ${trace.traceId} ${from} ${until ?? ''}`,
    (signal, etag) => {
      const query = { limit: MOST_EVENTS, since: from, until, vmNamespace: scope.vmNamespace };
      return getEvents(server, query, { signal, etag });
    },
    scope,
    (event) => own(event) && !trace.end,
  );
};

const Facts: FC<{ story: Story; server: ServerName }> = ({ story, server }) => {
  const t = useT();
  const language = useLanguage();
  const now = useNow();
  const seconds = Math.max(0, (story.end ?? now) - story.start) / 1000;
  return (
    <DescriptionList
      isHorizontal={false}
      columnModifier={{ default: '1Col', sm: '2Col', lg: '3Col', xl: '3Col' }}
      isCompact
      className="bsls-trace-facts"
    >
      <Fact term={t('Tenant')}>
        {isTenants(story) ? <Link to={tenantPath(server, story.subject)}>{story.subject}</Link> : '–'}
      </Fact>
      <Fact term={t('Server')}>
        <Link to={serverPath(server)}>{`${server.namespace}/${server.name}`}</Link>
      </Fact>
      <Fact term={t('Started')}>
        <Time at={story.start} />
      </Fact>
      <Fact term={t('Duration')}>{duration(seconds, language)}</Fact>
      <Fact term={t('Size')}>
        <Bytes value={story.snapshots ? story.bytes : undefined} />
      </Fact>
      <Fact term={t('Files')}>
        <Count value={story.snapshots ? story.files : undefined} />
      </Fact>
    </DescriptionList>
  );
};

/** Why it is not well; nothing where it is. */
const Why: FC<{ story: Story }> = ({ story }) => {
  const t = useT();
  const { outcome, reason, errors, unread } = story;
  if (outcome !== 'failed' && outcome !== 'warning') return null;
  return (
    <Alert
      isInline
      component="h2"
      variant={outcome === 'failed' ? 'danger' : 'warning'}
      title={storyOutcomeWord(t, story)}
      data-test="trace-reason"
    >
      {reason ? storyReason(t, story) : <UnreadFiles unread={unread} total={errors} />}
    </Alert>
  );
};

const Told: FC<{ server: ServerName; trace: TraceView; story: Story; scope: Scope }> = (props) => {
  const { server, trace, story, scope } = props;
  const t = useT();
  const now = useNow();
  const events = useEvents(server, trace, scope);
  const line = timeLineOf(trace, events.data?.items ?? [], now);
  return (
    <div className="bsls-trace">
      <Why story={story} />
      <Card>
        <CardBody>
          <Facts story={story} server={server} />
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">{t('Time line')}</CardTitle>
        <CardBody>
          <Waterfall line={line} />
          {events.error && (
            <Alert isInline isPlain component="h3" variant="warning" title={t('The events could not be loaded')}>
              {errorSentence(t, events.error)}
            </Alert>
          )}
        </CardBody>
      </Card>
      <Card>
        <CardTitle component="h2">{t('Events of this time')}</CardTitle>
        <CardBody>
          <Content resource={events} loading={<Loading rows={3} />}>
            {() => <Marks line={line} />}
          </Content>
        </CardBody>
      </Card>
    </div>
  );
};

const Gone: FC = () => {
  const t = useT();
  return (
    <Empty
      title={t('This trace is no longer kept')}
      actions={<Link to={ACTIVITY}>{t('Show the recent activity')}</Link>}
    >
      {t('Traces are made of the events of the last days. The snapshots themselves are on the page of the tenant.')}
    </Empty>
  );
};

const Trace: FC<{ server: ServerName; id: string }> = ({ server, id }) => {
  const t = useT();
  // Who sees tenants only follows them by the namespace of their VMs.
  const { namespace: vmNamespace } = useScope();
  const scope: Scope = { namespace: server.namespace, vmNamespace };
  const trace = useTrace(server, id, scope);
  const story = trace.data ? storyOf(server, trace.data) : undefined;
  return (
    <Page
      title={story ? storyWords(t, story) : t('Trace')}
      trail={[{ name: t('Snapshot activity'), to: ACTIVITY }]}
      badge={story && <OutcomeLabel story={story} />}
      actions={trace.data?.url && <ViewerLink url={trace.data.url} />}
    >
      <Content resource={trace} loading={<Loading rows={8} />}>
        {(found) => (found && story ? <Told server={server} trace={found} story={story} scope={scope} /> : <Gone />)}
      </Content>
    </Page>
  );
};

export default Trace;
