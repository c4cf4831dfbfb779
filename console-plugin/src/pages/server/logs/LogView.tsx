/** Lines in a box that scrolls: only those on the screen are there. Stays at the end, or where the reader is. */
import { useLayoutEffect, useRef, useState } from 'react';
import type { FC } from 'react';
import { Button } from '@patternfly/react-core';
import { useT } from '../../../i18n';
import type { Line } from './lines';

/** As in logs.css. */
export const ROW = 20;
const MORE = 20;
const HEIGHT = 600;

export const LogView: FC<{ lines: readonly Line[] }> = ({ lines }) => {
  const t = useT();
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState({ top: 0, height: HEIGHT });
  const [away, setAway] = useState<number>();
  const first = useRef<number | undefined>(undefined);
  const last = lines.at(-1)?.number ?? -1;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (away === undefined) element.scrollTop = element.scrollHeight;
    else if (first.current !== undefined && lines[0] && lines[0].number > first.current) {
      // Lines were dropped above: what is read stays where it is.
      const dropped = lines.findIndex(({ number }) => number >= away);
      if (dropped < 0) element.scrollTop = 0;
      else element.scrollTop -= (lines[0].number - first.current) * ROW;
    }
    first.current = lines[0]?.number;
  }, [lines, away]);

  const scrolled = (): void => {
    const element = box.current;
    if (!element) return;
    const { scrollTop, clientHeight, scrollHeight } = element;
    setPlace({ top: scrollTop, height: clientHeight });
    const atEnd = scrollHeight - scrollTop - clientHeight < ROW * 2;
    setAway((before) => (atEnd ? undefined : (before ?? last)));
  };

  const from = Math.max(0, Math.floor(place.top / ROW) - MORE);
  const to = Math.min(lines.length, Math.ceil((place.top + place.height) / ROW) + MORE);
  const fresh = away === undefined ? 0 : last - away;
  return (
    <div className="bsls-log-frame">
      <div
        ref={box}
        className="bsls-log"
        onScroll={scrolled}
        // A box that scrolls has to be reachable by keyboard.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={t('Log')}
        data-test="log"
      >
        <div style={{ height: lines.length * ROW, position: 'relative' }}>
          <div style={{ transform: `translateY(${from * ROW}px)` }}>
            {lines.slice(from, to).map(({ number, at, text }) => (
              <div key={number} className="bsls-log-line">
                <span className="bsls-log-time">{at.slice(11, 23)}</span> {text}
              </div>
            ))}
          </div>
        </div>
      </div>
      {away !== undefined && (
        <Button
          variant="secondary"
          className="bsls-log-end"
          onClick={() => {
            setAway(undefined);
          }}
          data-test="log-end"
        >
          {fresh > 0 ? t('Show {{count}} new', { count: fresh }) : t('To the end')}
        </Button>
      )}
    </div>
  );
};
