/** A VM that no server has seen yet: how its first user is named, and connects. */
import { useId, useState } from 'react';
import type { FC } from 'react';
import {
  Card,
  CardBody,
  CardTitle,
  Content as Text,
  Form,
  FormGroup,
  FormHelperText,
  HelperText,
  HelperTextItem,
  TextInput,
} from '@patternfly/react-core';
import type { AnyServer } from '../../api';
import { Choice, ConnectBundle, useSettled } from '../../components';
import { useT } from '../../i18n';
import type { Scope } from '../../live';
import { busiest } from '../../model/busiest';
import { nameOf } from '../../model/paths';
import { hostOf } from './useTenants';
import type { Vm } from './useTenants';

/** As Kopia allows. */
const NAME = /^[a-z0-9._-]+$/;

export const NewTenant: FC<{ vm: Vm; servers: readonly AnyServer[]; scope: Scope }> = ({ vm, servers, scope }) => {
  const t = useT();
  const id = useId();
  const keys = busiest(servers).sort();
  const [chosen, setChosen] = useState('');
  const [name, setName] = useState('root');
  const key = keys.includes(chosen) ? chosen : (keys[0] ?? '');
  const settled = useSettled(name.trim());
  const good = NAME.test(settled);
  const user = `${settled}@${hostOf(vm)}`;
  return (
    <Card data-test="new-tenant">
      <CardTitle component="h2">{t('Nothing of this VM was backed up yet')}</CardTitle>
      <CardBody>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FormGroup label={t('Server')}>
            <Choice
              label={t('Server')}
              value={key}
              options={keys.map((one) => ({ value: one, text: one }))}
              onChange={setChosen}
              data-test="new-tenant-server"
            />
          </FormGroup>
          <FormGroup label={t('User')} fieldId={id}>
            <TextInput
              id={id}
              value={name}
              onChange={(_event, next) => setName(next)}
              validated={good ? 'default' : 'error'}
              aria-describedby={`${id}-help`}
              data-test="new-tenant-user"
            />
            <FormHelperText>
              <HelperText id={`${id}-help`}>
                <HelperTextItem variant={good ? 'default' : 'error'}>
                  {good
                    ? t('The tenant is {{user}}.', { user })
                    : t('Use lower-case letters, digits, dots, dashes and underscores.')}
                </HelperTextItem>
              </HelperText>
            </FormHelperText>
          </FormGroup>
        </Form>
        {good && (
          <>
            <Text component="p" className="bsls-vm-snapshots">
              {t('First, who runs the server adds a line to its user list, made with:')}{' '}
              <code>bsls user hash {user}</code>
            </Text>
            <ConnectBundle key={`${key} ${user}`} server={nameOf(key)} user={user} scope={scope} />
          </>
        )}
      </CardBody>
    </Card>
  );
};
