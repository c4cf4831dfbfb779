/** What stands in for content: loading, empty, failed, stale, reconnecting. */
import type { FC, ReactNode } from 'react';
import {
  Alert,
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Skeleton,
} from '@patternfly/react-core';
import type { ApiError } from '../api';
import { useT } from '../i18n';
import type { T } from '../i18n';
import { useLiveState } from '../live';
import { useNow } from './now';
import { Time } from './Time';
import './states.css';

/** As high as what will come, so that nothing jumps. */
export const Loading: FC<{ rows?: number }> = ({ rows = 5 }) => {
  const t = useT();
  return (
    <div className="bsls-loading" data-test="loading" role="status" aria-label={t('Loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height="2.25rem" />
      ))}
    </div>
  );
};

/** `children` say how to begin; `actions` begin. */
export const Empty: FC<{ title: string; children?: ReactNode; actions?: ReactNode }> = ({
  title,
  children,
  actions,
}) => (
  <EmptyState headingLevel="h2" titleText={title} variant="sm" data-test="empty">
    {children && <EmptyStateBody>{children}</EmptyStateBody>}
    {actions && (
      <EmptyStateFooter>
        <EmptyStateActions>{actions}</EmptyStateActions>
      </EmptyStateFooter>
    )}
  </EmptyState>
);

/** A sentence that says what happened and what to do; the API's own where it sent one. */
export const errorSentence = (t: T, error: ApiError): string => {
  if (error.detail) return error.detail;
  if (error.status === 0) return t('The API does not answer. Check that the deployment bsls-api runs.');
  if (error.status === 502 || error.status === 503 || error.status === 504)
    return t('The API is not ready. This page tries again by itself.');
  return error.title || t('The API answered with status {{status}}.', { status: error.status });
};

export const ErrorState: FC<{ error: ApiError; retry: () => void }> = ({ error, retry }) => {
  const t = useT();
  return (
    <EmptyState
      headingLevel="h2"
      status="danger"
      variant="sm"
      titleText={t('This could not be loaded')}
      data-test="error"
    >
      <EmptyStateBody>
        {errorSentence(t, error)}
        {error.requestId && <div className="bsls-request-id">{t('Request {{id}}', { id: error.requestId })}</div>}
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="primary" onClick={retry} data-test="retry">
            {t('Try again')}
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
};

/** Above data whose refresh failed: how old it is and why. */
export const Stale: FC<{ error: ApiError; loadedAt: number; retry: () => void }> = ({ error, loadedAt, retry }) => {
  const t = useT();
  return (
    <Alert
      isInline
      component="p"
      variant="warning"
      className="bsls-stale"
      data-test="stale"
      title={
        <>
          {t('This is not current. It was loaded:')} <Time at={loadedAt} />
        </>
      }
      actionLinks={
        <Button variant="link" isInline onClick={retry} data-test="retry">
          {t('Try again')}
        </Button>
      }
    >
      {errorSentence(t, error)}
    </Alert>
  );
};

/** A short cut is nobody's concern. */
const QUIET_MS = 3_000;

/** Says so when live updates are off for more than a moment. Keeps its place: nothing moves when it comes or goes. */
export const LiveMark: FC = () => {
  const t = useT();
  const state = useLiveState();
  const now = useNow();
  const cut = state.kind === 'reconnecting' && now - state.since > QUIET_MS;
  return (
    <span className="bsls-live" role="status" data-test={`live-${cut ? 'reconnecting' : state.kind}`}>
      {state.kind === 'open' && t('Live')}
      {state.kind === 'refused' && t('No live updates: {{reason}}', { reason: errorSentence(t, state.error) })}
      {cut && t('Reconnecting…')}
    </span>
  );
};

/** The same within a card. */
const SmallError: FC<{ error: ApiError; retry: () => void }> = ({ error, retry }) => {
  const t = useT();
  return (
    <Alert
      isInline
      isPlain
      variant="danger"
      component="h3"
      title={t('This could not be loaded')}
      data-test="error"
      actionLinks={
        <Button variant="link" isInline onClick={retry} data-test="retry">
          {t('Try again')}
        </Button>
      }
    >
      {errorSentence(t, error)}
    </Alert>
  );
};

interface ContentProps<R> {
  resource: { data?: R; error?: ApiError; loadedAt?: number; loading: boolean; retry: () => void };
  loading?: ReactNode;
  /** Within a card: an error takes little room. */
  small?: boolean;
  children: (data: R) => ReactNode;
}

/** Chooses among the states of a resource. Old data stays, marked with its age. */
export function Content<R>({ resource, loading, small, children }: ContentProps<R>): ReactNode {
  const { data, error, loadedAt, retry } = resource;
  const Failed = small ? SmallError : ErrorState;
  if (data === undefined) return error ? <Failed error={error} retry={retry} /> : (loading ?? <Loading />);
  return (
    <>
      {error && loadedAt !== undefined && <Stale error={error} loadedAt={loadedAt} retry={retry} />}
      {children(data)}
    </>
  );
}
