/** The last sessions of a tenant, with what they did. */
import { useMemo } from 'react';
import type { FC } from 'react';
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import { eventName } from '../../api';
import type { TraceView } from '../../api';
import { Content, LinkedHeader, Loading, StoryTable, useAtHand, useHeld, Waiting } from '../../components';
import { useT } from '../../i18n';
import { useResource } from '../../live';
import { serverPath } from '../../model/paths';
import { storyOf } from '../../model/story';
import type { Story } from '../../model/story';
import type { Of } from './of';

const SHOWN = 10;
const HIDDEN = ['server', 'tenant'] as const;
const idOf = ({ id }: Story): string => id;

const Table: FC<{ traces: readonly TraceView[]; of: Of }> = ({ traces, of }) => {
  const t = useT();
  const { atHand, at } = useAtHand();
  const { namespace, name } = of.server;
  const latest = useMemo(() => traces.map((trace) => storyOf({ namespace, name }, trace)), [traces, namespace, name]);
  const held = useHeld(of.user, latest, atHand, idOf);
  if (!held.rows.length) return <p className="bsls-reason">{t('No session in the events that are kept.')}</p>;
  return (
    <>
      <Waiting count={held.waiting} show={held.show} />
      <StoryTable label={t('Recent sessions')} rows={held.rows} hide={HIDDEN} at={at} />
    </>
  );
};

export const Recent: FC<Of> = (of) => {
  const t = useT();
  const traces = useResource(
    '/servers/{namespace}/{name}/traces',
    { parameters: { ...of.server }, query: { tenant: of.user, limit: SHOWN, vmNamespace: of.scope.vmNamespace } },
    of.scope,
    (event) => of.concerns(event) && /^(session|snapshot)\./.test(eventName(event)),
  );
  const all = `${serverPath(of.server, 'snapshots')}?tenant=${encodeURIComponent(of.user)}`;
  return (
    <Card data-test="recent">
      <LinkedHeader to={all} link={t('All snapshots')}>
        <CardTitle component="h2">{t('Recent sessions')}</CardTitle>
      </LinkedHeader>
      <CardBody>
        <Content resource={traces} loading={<Loading rows={5} />}>
          {({ items }) => <Table traces={items} of={of} />}
        </Content>
      </CardBody>
    </Card>
  );
};
