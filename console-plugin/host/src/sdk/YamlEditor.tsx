/** An object as YAML, to be read, edited and saved. */
import { useMemo, useState } from 'react';
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import type { K8sResourceKind } from '@openshift-console/dynamic-plugin-sdk';
import { getGroupVersionKindForResource } from '@openshift-console/dynamic-plugin-sdk/lib/utils/k8s/k8s-ref';
import {
  ActionList,
  ActionListItem,
  Alert,
  Button,
  PageSection,
  Stack,
  StackItem,
  TextArea,
  Title,
} from '@patternfly/react-core';
import { dump, load } from 'js-yaml';
import { useNavigate } from 'react-router';
import { useT } from '../i18n';
import { needModel } from '../k8s/models';
import { k8sCreate, k8sUpdate } from '../k8s/resources';
import { resourcePath } from './components';

const withoutManagedFields = (resource: K8sResourceKind): object => {
  const metadata = { ...resource.metadata };
  delete metadata.managedFields;
  return { ...resource, metadata };
};

const parse = (text: string): K8sResourceKind => {
  const found = load(text);
  if (typeof found !== 'object' || found === null || !('kind' in found) || !('apiVersion' in found)) {
    throw new Error('An object begins with apiVersion and kind.');
  }
  return found as K8sResourceKind;
};

const save = async (resource: K8sResourceKind, create: boolean): Promise<K8sResourceKind> => {
  const model = await needModel(getGroupVersionKindForResource(resource));
  if (!model) throw new Error(`The cluster has no ${resource.kind} of ${resource.apiVersion}.`);
  return create ? k8sCreate({ model, data: resource }) : k8sUpdate({ model, data: resource });
};

export const ResourceYAMLEditor: typeof Sdk.ResourceYAMLEditor = (props) => {
  const { initialResource, header, onSave, onChange, readOnly, create = false, hideHeader } = props;
  const t = useT();
  const navigate = useNavigate();
  const given = useMemo(
    () => (typeof initialResource === 'string' ? initialResource : dump(withoutManagedFields(initialResource))),
    [initialResource],
  );
  const [edited, setEdited] = useState<{ of: string; text: string }>();
  const [told, setTold] = useState<{ error?: string; saved?: boolean }>({});
  const text = edited?.text ?? given;
  const change = (next: string): void => {
    setEdited({ of: given, text: next });
    onChange?.(next);
  };
  const submit = async (): Promise<void> => {
    setTold({});
    try {
      if (onSave) {
        onSave(text);
        return;
      }
      const saved = await save(parse(text), create);
      setEdited(undefined);
      setTold({ saved: true });
      const { name, namespace } = saved.metadata ?? {};
      if (create) void navigate(resourcePath(getGroupVersionKindForResource(saved), name, namespace));
    } catch (error) {
      setTold({ error: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <PageSection isFilled>
      <Stack hasGutter>
        {!hideHeader && header && <Title headingLevel="h2">{header}</Title>}
        {edited && edited.of !== given && (
          <Alert
            isInline
            component="p"
            variant="warning"
            title={t('The object has changed meanwhile: reload to see it.')}
          />
        )}
        <StackItem isFilled>
          <TextArea
            className="bsls-host-yaml"
            aria-label={t('YAML')}
            value={text}
            readOnlyVariant={readOnly ? 'default' : undefined}
            onChange={(_event, next) => change(next)}
            resizeOrientation="vertical"
            spellCheck={false}
            data-test="yaml-editor"
          />
        </StackItem>
        {told.error && (
          <Alert isInline component="p" variant="danger" title={t('It was not saved')}>
            {told.error}
          </Alert>
        )}
        {told.saved && <Alert isInline component="p" variant="success" title={t('Saved')} />}
        {!readOnly && (
          <ActionList>
            <ActionListItem>
              <Button onClick={() => void submit()} data-test="save-changes">
                {create ? t('Create') : t('Save')}
              </Button>
            </ActionListItem>
            <ActionListItem>
              <Button variant="secondary" isDisabled={!edited} onClick={() => setEdited(undefined)}>
                {t('Reload')}
              </Button>
            </ActionListItem>
          </ActionList>
        )}
      </Stack>
    </PageSection>
  );
};
