/** The live log of a server's Kopia container, read by the user's own right. */
import { useMemo, useState } from 'react';
import type { FC } from 'react';
import { Button, Toolbar, ToolbarContent, ToolbarItem } from '@patternfly/react-core';
import { DownloadIcon, PauseIcon, PlayIcon } from '@patternfly/react-icons';
import { Content, Empty, errorSentence, ErrorState, Loading, Search } from '../../../components';
import { useT } from '../../../i18n';
import type { T } from '../../../i18n';
import { useResource } from '../../../live';
import type { ServerName } from '../../../model/paths';
import type { TabProps } from '../context';
import type { LogState } from './follow';
import { search, toText } from './lines';
import type { Line } from './lines';
import { LogView } from './LogView';
import { useLog } from './useLog';
import './logs.css';

const save = (name: string, lines: readonly Line[]): void => {
  const url = URL.createObjectURL(new Blob([toText(lines)], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
};

const stateSentence = (t: T, state: LogState): string => {
  switch (state.kind) {
    case 'connecting':
      return t('Connecting…');
    case 'open':
      return t('Pod {{pod}}', { pod: state.pod });
    case 'none':
      return t('No pod of this server runs. The log begins as soon as one does.');
    case 'waiting':
      return state.error
        ? t('The log broke off: {{reason}} It goes on by itself.', { reason: errorSentence(t, state.error) })
        : t('The log ended; looking for the next one…');
    case 'refused':
      return errorSentence(t, state.error);
  }
};

const Log: FC<{ place: ServerName; again: () => void }> = ({ place, again }) => {
  const t = useT();
  const [paused, setPaused] = useState(false);
  const [text, setText] = useState('');
  const { log, state, waiting } = useLog(place, paused);
  const lines = useMemo(() => search(log.lines, text), [log.lines, text]);
  const dropped = log.taken - log.lines.length;
  if (state.kind === 'refused') return <ErrorState error={state.error} retry={again} />;
  return (
    <>
      <Toolbar>
        <ToolbarContent>
          <ToolbarItem>
            <Search
              value={text}
              onChange={setText}
              label={t('Lines that contain')}
              found={lines.length}
              data-test="log-search"
            />
          </ToolbarItem>
          <ToolbarItem>
            <Button
              variant="secondary"
              icon={paused ? <PlayIcon /> : <PauseIcon />}
              onClick={() => setPaused(!paused)}
              data-test="pause"
            >
              {paused ? t('Go on') : t('Pause')}
            </Button>
          </ToolbarItem>
          <ToolbarItem>
            <Button
              variant="secondary"
              icon={<DownloadIcon />}
              isDisabled={!lines.length}
              onClick={() => save(`${place.namespace}-${place.name}.log`, lines)}
              data-test="download"
            >
              {t('Download')}
            </Button>
          </ToolbarItem>
          <ToolbarItem alignSelf="center" className="bsls-subtle">
            <span role="status" data-test={`log-${state.kind}`}>
              {stateSentence(t, state)}
              {paused && waiting > 0 && ` · ${t('{{count}} lines wait', { count: waiting })}`}
              {dropped > 0 && ` · ${t('{{count}} older lines are left out', { count: dropped })}`}
            </span>
          </ToolbarItem>
        </ToolbarContent>
      </Toolbar>
      {state.kind === 'connecting' ? <Loading rows={12} /> : <LogView lines={lines} />}
    </>
  );
};

const Logs: FC<TabProps> = ({ place, scope }) => {
  const t = useT();
  const [tries, setTries] = useState(0);
  const access = useResource('/access', { query: { ...place } }, scope, () => false);
  return (
    <Content resource={access}>
      {({ actions }) =>
        actions.getPodLog && actions.listPods ? (
          <Log key={tries} place={place} again={() => setTries(tries + 1)} />
        ) : (
          <Empty title={t('You may not read this log')}>
            {t('Ask for the right to list pods and to get pods/log in the namespace {{namespace}}.', {
              namespace: place.namespace,
            })}
          </Empty>
        )
      }
    </Content>
  );
};

export default Logs;
