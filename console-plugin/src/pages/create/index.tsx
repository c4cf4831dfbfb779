/** A new server: a form, or YAML in the console's own editor. What is typed in one is in the other. */
import { useState } from 'react';
import type { FC } from 'react';
import { ResourceYAMLEditor, useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { Alert, Stack, StackItem, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { useSearchParams } from 'react-router';
import { Page } from '../../components';
import { useT } from '../../i18n';
import { SERVERS, nameOf } from '../../model/paths';
import { ServerForm } from './Form';
import { newServer } from './newServer';
import { readYaml } from './values';

type View = 'form' | 'yaml';

/** What is edited: the object; in the editor its text, once it was touched. */
const useViews = (given: () => K8sResourceKind) => {
  const [server, setServer] = useState(given);
  const [view, setView] = useState<View>('form');
  const [text, setText] = useState<string>();
  const [reason, setReason] = useState('');
  const show = (next: View): void => {
    if (next === view) return;
    const read = text === undefined ? { server } : readYaml(text);
    if ('reason' in read) {
      setReason(read.reason); // the text stays: a form cannot hold what is no server
      return;
    }
    setServer(read.server);
    setText(undefined);
    setReason('');
    setView(next);
  };
  return { server, setServer, view, show, setText, reason };
};

const CreatePage: FC = () => {
  const t = useT();
  const [namespace] = useActiveNamespace();
  const [query] = useSearchParams();
  const location = query.get('location');
  const { server, setServer, view, show, setText, reason } = useViews(() =>
    newServer(namespace, location ? nameOf(location) : undefined),
  );
  const views: [View, string][] = [
    ['form', t('Form')],
    ['yaml', t('YAML')],
  ];
  return (
    <Page title={t('Create file backup server')} trail={[{ name: t('File backup servers'), to: SERVERS }]}>
      <Stack hasGutter>
        <StackItem>
          <Alert
            isInline
            component="h2"
            variant="info"
            title={t(
              'Data is not kept apart: who knows the id of another tenant’s object can read it. Tenants who must not trust each other need servers with different prefixes.',
            )}
          />
        </StackItem>
        <StackItem>
          <ToggleGroup aria-label={t('How to write it')}>
            {views.map(([one, text]) => (
              <ToggleGroupItem
                key={one}
                buttonId={`bsls-create-${one}`}
                text={text}
                isSelected={view === one}
                onChange={() => show(one)}
                data-test={`view-${one}`}
              />
            ))}
          </ToggleGroup>
        </StackItem>
        {reason && (
          <StackItem>
            <Alert
              isInline
              component="h2"
              variant="danger"
              title={t('The form cannot show this: it is not the YAML of a file backup server.')}
              data-test="no-server"
            >
              {reason}
            </Alert>
          </StackItem>
        )}
        <StackItem isFilled>
          {view === 'form' ? (
            <ServerForm server={server} onChange={setServer} />
          ) : (
            <ResourceYAMLEditor create hideHeader initialResource={server} onChange={setText} />
          )}
        </StackItem>
      </Stack>
    </Page>
  );
};

export default CreatePage;
