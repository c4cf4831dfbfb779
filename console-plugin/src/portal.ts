/**
 * All that PatternFly takes of react-dom, which consoles do not share: the build puts this in its place, and saves a second
 * copy of React's renderer (42 KB gzipped). A portal is only a description; the console's own renderer draws it.
 */
import type { ReactNode, ReactPortal } from 'react';

export const createPortal = (children: ReactNode, container: Element | DocumentFragment, key: string | null = null) =>
  ({
    $$typeof: Symbol.for('react.portal'),
    key: key === null ? null : String(key),
    children,
    containerInfo: container,
    implementation: null,
  }) as unknown as ReactPortal;
