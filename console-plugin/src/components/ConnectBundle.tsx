/** How a tenant connects their machine, to copy: for a POSIX shell, PowerShell, or as cloud-init user data. */
import { useId, useState } from 'react';
import type { FC } from 'react';
import {
  ClipboardCopyButton,
  CodeBlock,
  CodeBlockAction,
  CodeBlockCode,
  Content as Text,
  ToggleGroup,
  ToggleGroupItem,
} from '@patternfly/react-core';
import type { Connect } from '../api';
import { useT } from '../i18n';
import type { T } from '../i18n';
import { useResource } from '../live';
import type { Scope } from '../live';
import { eventName } from '../api';
import type { ServerName } from '../model/paths';
import { Content, Loading } from './states';

const VARIANTS = ['command', 'powerShell', 'cloudInit'] as const;
type Variant = (typeof VARIANTS)[number];

const variantWord = (t: T, variant: Variant): string => {
  switch (variant) {
    case 'command':
      return t('Linux');
    case 'powerShell':
      return t('Windows');
    case 'cloudInit':
      return t('New VM (cloud-init)');
  }
};

const hint = (t: T, variant: Variant): string => {
  switch (variant) {
    case 'command':
      return t('Run this in a shell of the VM. kopia asks for the password of this tenant, or takes $KOPIA_PASSWORD.');
    case 'powerShell':
      return t(
        'Run this in PowerShell of the VM. kopia asks for the password of this tenant, or takes $env:KOPIA_PASSWORD.',
      );
    case 'cloudInit':
      return t(
        'Give this to a new VM as user data. It connects at the first boot if the password is in /etc/bsls/password; else run bsls-connect.',
      );
  }
};

/** Copies, and says whether it could: a page without TLS may not. */
const Copy: FC<{ text: string; label: string }> = ({ text, label }) => {
  const t = useT();
  const id = useId();
  const [told, setTold] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setTold(t('Copied'));
    } catch {
      setTold(t('Select the text and copy it: the browser does not let this page do so.'));
    }
  };
  return (
    <CodeBlockAction>
      <ClipboardCopyButton
        id={id}
        variant="plain"
        aria-label={label}
        onClick={() => void copy()}
        onTooltipHidden={() => setTold('')}
        data-test="copy-connect"
      >
        {told || label}
      </ClipboardCopyButton>
      <span className="pf-v6-screen-reader" role="status">
        {told}
      </span>
    </CodeBlockAction>
  );
};

const Bundle: FC<{ connect: Connect }> = ({ connect }) => {
  const t = useT();
  const [variant, setVariant] = useState<Variant>('command');
  const id = useId();
  return (
    <div className="bsls-connect" data-test="connect">
      <ToggleGroup aria-label={t('System of the VM')} className="bsls-connect-kinds">
        {VARIANTS.map((one) => (
          <ToggleGroupItem
            key={one}
            text={variantWord(t, one)}
            buttonId={`${id}-${one}`}
            isSelected={one === variant}
            onChange={() => setVariant(one)}
          />
        ))}
      </ToggleGroup>
      <Text component="p">{hint(t, variant)}</Text>
      <CodeBlock actions={<Copy key={variant} text={connect[variant]} label={t('Copy to clipboard')} />}>
        <CodeBlockCode tabIndex={0} role="region" aria-label={t('Text to copy')}>
          {connect[variant]}
        </CodeBlockCode>
      </CodeBlock>
      {variant !== 'cloudInit' && (
        <Text component="p">
          {t('Then make the first snapshot:')} <code>kopia snapshot create ~</code>
        </Text>
      )}
    </div>
  );
};

export const ConnectBundle: FC<{ server: ServerName; user: string; scope: Scope }> = ({ server, user, scope }) => {
  const connect = useResource(
    '/servers/{namespace}/{name}/tenants/{user}/connect',
    { parameters: { ...server, user } },
    scope,
    (event) => /^(tls|server)\./.test(eventName(event)),
  );
  return (
    <Content small resource={connect} loading={<Loading rows={4} />}>
      {(found) => <Bundle connect={found} />}
    </Content>
  );
};
