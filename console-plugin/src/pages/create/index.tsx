/** A new server, written as YAML in the console's own editor; the API server checks it. */
import { useMemo } from 'react';
import type { FC } from 'react';
import { ResourceYAMLEditor, useActiveNamespace } from '@openshift-console/dynamic-plugin-sdk';
import { Alert, PageSection } from '@patternfly/react-core';
import { Page } from '../../components';
import { useT } from '../../i18n';
import { newServer } from './newServer';

const CreatePage: FC = () => {
  const t = useT();
  const [namespace] = useActiveNamespace();
  const given = useMemo(() => newServer(namespace), [namespace]);
  return (
    <Page title={t('Create file backup server')}>
      <PageSection>
        <Alert
          isInline
          component="h2"
          variant="info"
          title={t(
            'Data is not kept apart: who knows the id of another tenant’s object can read it. Tenants who must not trust each other need servers with different prefixes.',
          )}
        />
      </PageSection>
      <ResourceYAMLEditor create hideHeader initialResource={given} />
    </Page>
  );
};

export default CreatePage;
