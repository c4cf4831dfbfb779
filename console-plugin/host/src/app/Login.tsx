/** Log in with a token of the cluster. */
import { type FC, type FormEvent, useState } from 'react';
import {
  Alert,
  Button,
  Card,
  CardBody,
  CardHeader,
  Content,
  Form,
  FormGroup,
  HelperText,
  HelperTextItem,
  Title,
  TextInput,
} from '@patternfly/react-core';
import { DatabaseIcon } from '@patternfly/react-icons';
import { DocumentTitle } from '../sdk/components';
import { useT } from '../i18n';
import { logIn } from '../session';

export const Login: FC = () => {
  const t = useT();
  const [token, setToken] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError('');
    try {
      await logIn(token);
    } catch (caught) {
      setError(caught instanceof Error ? caught.message : String(caught));
      setBusy(false);
    }
  };
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (token.trim() && !busy) void submit();
  };
  return (
    <main className="bsls-host-login">
      <DocumentTitle>{t('Log in')}</DocumentTitle>
      <Card isLarge>
        <CardHeader>
          <Content className="bsls-host-login-brand">
            <DatabaseIcon /> {t('File backups')}
          </Content>
          <Title headingLevel="h1">{t('Log in')}</Title>
          <Content component="p">{t('With a token of your cluster')}</Content>
        </CardHeader>
        <CardBody>
          <Form onSubmit={onSubmit}>
            {error && <Alert isInline component="p" variant="danger" title={error} data-test="login-error" />}
            <FormGroup label={t('Token')} fieldId="token" isRequired>
              <TextInput
                id="token"
                type="password"
                autoComplete="off"
                isRequired
                value={token}
                onChange={(_event, value) => setToken(value)}
                data-test="login-token"
              />
              <HelperText>
                <HelperTextItem>{t('It stays with the server: no script of this page can read it.')}</HelperTextItem>
              </HelperText>
            </FormGroup>
            <Button
              type="submit"
              variant="primary"
              isBlock
              isLoading={busy}
              isDisabled={busy || !token.trim()}
              data-test="login-button"
            >
              {t('Log in')}
            </Button>
          </Form>
          <Content className="bsls-host-login-hint">
            <Content component="p">{t('Either of these commands prints one:')}</Content>
            <Content component="pre">{'oc whoami --show-token\nkubectl create token <service account>'}</Content>
          </Content>
        </CardBody>
      </Card>
    </main>
  );
};
