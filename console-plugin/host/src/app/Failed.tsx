/** What is shown where something failed: what, and a way on. */
import { Component, type ErrorInfo, type FC, type ReactNode } from 'react';
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '@patternfly/react-core';
import { ExclamationCircleIcon } from '@patternfly/react-icons';
import { useT } from '../i18n';

export const Failed: FC<{ title: string; error: unknown; retry?: () => void }> = ({ title, error, retry }) => {
  const t = useT();
  return (
    <EmptyState status="danger" icon={ExclamationCircleIcon} titleText={title} headingLevel="h1" variant="full">
      <EmptyStateBody>{error instanceof Error ? error.message : String(error)}</EmptyStateBody>
      {retry && (
        <EmptyStateFooter>
          <EmptyStateActions>
            <Button onClick={retry}>{t('Try again')}</Button>
          </EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
};

const BrokenPage: FC<{ error: unknown; retry: () => void }> = ({ error, retry }) => {
  const t = useT();
  return <Failed title={t('This page failed')} error={error} retry={retry} />;
};

/** A page that throws does not take the others with it. `of`: another one begins anew. */
export class Boundary extends Component<{ of: string; children: ReactNode }, { error?: unknown; of?: string }> {
  override state: { error?: unknown; of?: string } = {};

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  static getDerivedStateFromProps({ of }: { of: string }, state: { of?: string }): object | null {
    return of === state.of ? null : { of, error: undefined };
  }

  override componentDidCatch(error: unknown, { componentStack }: ErrorInfo): void {
    // eslint-disable-next-line no-console -- for whoever reports it
    console.error('a page failed', error, componentStack);
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <BrokenPage error={error} retry={() => this.setState({ error: undefined })} />;
  }
}
