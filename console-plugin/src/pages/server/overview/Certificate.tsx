/** Where clients connect, and the certificate that they meet there. */
import type { FC } from 'react';
import { ClipboardCopy, Label } from '@patternfly/react-core';
import type { Server, ServerDetail } from '../../../api';
import { Time, useNow } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import { daysLeft, expiry } from '../../../model/conditions';
import { absolute } from '../../../model/format';
import { Fact, Facts } from './Facts';

const LABEL = { ended: 'danger', soon: 'warning', far: 'success' } as const;

const DaysLeft: FC<{ notAfter: string }> = ({ notAfter }) => {
  const t = useT();
  const now = useNow();
  const days = daysLeft(notAfter, now);
  const state = expiry(days);
  return (
    <Label status={LABEL[state]} variant="outline" data-test="certificate-days">
      {state === 'ended' ? (
        <>
          {t('Ended')} <Time at={notAfter} />
        </>
      ) : (
        t('{{count}} days left', { count: days })
      )}
    </Label>
  );
};

const Copy: FC<{ label: string; text: string }> = ({ label, text }) => {
  const t = useT();
  return (
    <ClipboardCopy
      isReadOnly
      isCode
      hoverTip={t('Copy')}
      clickTip={t('Copied')}
      copyAriaLabel={t('Copy: {{what}}', { what: label })}
      textAriaLabel={label}
    >
      {text}
    </ClipboardCopy>
  );
};

export const Certificate: FC<{ server: Server | ServerDetail }> = ({ server }) => {
  const t = useT();
  const language = useLanguage();
  const { serviceURL, tlsNotAfter, tlsFingerprint } = server.status;
  const secret = server.spec.tls?.secretName;
  return (
    <Facts title={t('Address and certificate')}>
      <Fact term={t('Address for clients')}>
        {serviceURL && <Copy label={t('Address for clients')} text={`https://${serviceURL}`} />}
      </Fact>
      <Fact term={t('Fingerprint (SHA-256)')}>
        {tlsFingerprint && <Copy label={t('Fingerprint (SHA-256)')} text={tlsFingerprint} />}
      </Fact>
      <Fact term={t('Valid until')}>
        {tlsNotAfter && (
          <>
            {absolute(Date.parse(tlsNotAfter), language)} <DaysLeft notAfter={tlsNotAfter} />
          </>
        )}
      </Fact>
      <Fact term={t('Comes from')}>
        {secret ? t('The Secret {{name}}', { name: secret }) : t('The controller: it renews the certificate by itself')}
      </Fact>
    </Facts>
  );
};
