/** More about something, for who points at it. The tooltip is made then: one for each cell of a table would be most of its work. */
import { useRef, useState } from 'react';
import type { FC, ReactNode } from 'react';
import { Tooltip } from '@patternfly/react-core';

export const Hint: FC<{ content: ReactNode; children: ReactNode }> = ({ content, children }) => {
  const place = useRef<HTMLSpanElement>(null);
  const [pointed, setPointed] = useState(false);
  return (
    <span ref={place} onPointerEnter={() => setPointed(true)} onPointerLeave={() => setPointed(false)}>
      {children}
      {pointed && <Tooltip triggerRef={place} content={content} isVisible />}
    </span>
  );
};
