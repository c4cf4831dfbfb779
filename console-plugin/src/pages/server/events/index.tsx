/** The events of a server as a live line of time. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { FC, RefObject } from 'react';
import { Button } from '@patternfly/react-core';
import type { ServerEvent } from '../../../api';
import { Content, Empty, errorSentence, useAtHand, useFilters, useSettled, Waiting } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import type { TabProps } from '../context';
import { EventRow } from './EventRow';
import { EventsToolbar, NO_FILTER } from './EventsToolbar';
import type { Filter } from './timeline';
import { useTimeline } from './useTimeline';
import './events.css';

/** Whether an element is on the screen; the page's scrolling box is the console's. */
const useOnScreen = (element: RefObject<HTMLElement | null>): boolean => {
  const [onScreen, setOnScreen] = useState(true);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver((entries) => setOnScreen(entries.at(-1)?.isIntersecting ?? true));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return onScreen;
};

interface Day {
  key: string;
  name: string;
  events: ServerEvent[];
}

const byDay = (rows: readonly ServerEvent[], language: string): Day[] => {
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'full' });
  const days: Day[] = [];
  let last = '';
  for (const event of rows) {
    const date = new Date(event.time).toDateString();
    if (date !== last) days.push({ key: date, name: format.format(Date.parse(event.time)), events: [] });
    last = date;
    days.at(-1)?.events.push(event);
  }
  // Events come in the order of the stream, which is that of time but for a few: a day may be there twice.
  return days.map((day, index) => {
    const earlier = days.slice(index + 1).filter(({ key }) => key === day.key).length;
    return { ...day, key: `${day.key} ${earlier}` };
  });
};

interface LineProps extends Pick<TabProps, 'place' | 'scope'> {
  filter: Filter;
  paused: boolean;
  clear: () => void;
}

const Line: FC<LineProps> = ({ place, scope, filter, paused, clear }) => {
  const t = useT();
  const language = useLanguage();
  const top = useRef<HTMLDivElement>(null);
  const atTop = useOnScreen(top);
  const { atHand, at } = useAtHand();
  const still = paused || !atTop || atHand;
  const { timeline, resource, show, older } = useTimeline({ place, scope }, filter, still);
  const { rows } = timeline;
  const days = useMemo(() => byDay(rows, language), [rows, language]);
  const showAll = (): void => {
    show();
    top.current?.scrollIntoView({ block: 'center' });
  };
  const filtered = Object.values(filter).some(Boolean);
  return (
    <>
      <div ref={top} />
      <div className="bsls-events-new">
        <Waiting count={timeline.waiting.length + timeline.missed} show={showAll} />
      </div>
      <Content resource={resource}>
        {() => (
          <>
            {!rows.length && !timeline.older && (
              <Empty
                title={filtered ? t('No event matches') : t('No events yet')}
                actions={
                  filtered && (
                    <Button variant="link" onClick={clear}>
                      {t('Clear all filters')}
                    </Button>
                  )
                }
              >
                {t('What happens at this server appears here at once.')}
              </Empty>
            )}
            <div {...at} data-test="timeline">
              {days.map(({ key, name, events }) => (
                <div key={key}>
                  <h2 className="bsls-day">{name}</h2>
                  <ol className="bsls-events">
                    {events.map((event) => (
                      <EventRow key={event.id} place={place} event={event} />
                    ))}
                  </ol>
                </div>
              ))}
            </div>
            {timeline.older && (
              <div className="bsls-older">
                <Button variant="link" onClick={older.load} isLoading={older.busy} data-test="load-older">
                  {t('Show older events')}
                </Button>
                {older.error && <div role="alert">{errorSentence(t, older.error)}</div>}
              </div>
            )}
          </>
        )}
      </Content>
    </>
  );
};

const Events: FC<TabProps> = ({ place, scope }) => {
  const [filters, change] = useFilters(NO_FILTER);
  const [paused, setPaused] = useState(false);
  const tenant = useSettled(filters.tenant.trim());
  const filter = { ...filters, tenant };
  return (
    <>
      <EventsToolbar
        place={place}
        scope={scope}
        filter={filters}
        onFilter={change}
        paused={paused}
        onPause={setPaused}
      />
      <Line
        key={JSON.stringify(filter)}
        place={place}
        scope={scope}
        filter={filter}
        paused={paused}
        clear={() => change(NO_FILTER)}
      />
    </>
  );
};

export default Events;
