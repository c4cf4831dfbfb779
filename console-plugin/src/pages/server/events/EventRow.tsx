/** One event: when, what, and all that it carries when opened. */
import { memo, useId, useState } from 'react';
import type { FC } from 'react';
import { Link } from 'react-router';
import type { ServerEvent } from '../../../api';
import { eventName } from '../../../api';
import { eventText, SeverityIcon } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import { absolute } from '../../../model/format';
import { tracePath } from '../../../model/paths';
import type { ServerName } from '../../../model/paths';

/** Of these the API makes traces. */
const TRACED = /^(session|snapshot|maintenance)\./;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Making a format takes longer than using it a hundred times. */
const clock = (language: string): Intl.DateTimeFormat => {
  const made = clocks.get(language) ?? new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  clocks.set(language, made);
  return made;
};

const Details: FC<{ place: ServerName; event: ServerEvent; id: string }> = ({ place, event, id }) => {
  const t = useT();
  const language = useLanguage();
  const trace = TRACED.test(eventName(event)) ? event.traceparent?.split('-')[1] : undefined;
  return (
    <div id={id} className="bsls-event-details">
      <div>
        {absolute(Date.parse(event.time), language)} · <code className="bsls-code">{eventName(event)}</code> ·{' '}
        {event.subject}
        {trace && (
          <>
            {' · '}
            <Link to={tracePath(place, trace)}>{t('Trace')}</Link>
          </>
        )}
      </div>
      <pre className="bsls-code bsls-payload">{JSON.stringify(event.data, null, 2)}</pre>
      <div className="bsls-subtle">{t('Event {{id}}', { id: event.id })}</div>
    </div>
  );
};

const Row: FC<{ place: ServerName; event: ServerEvent }> = ({ place, event }) => {
  const t = useT();
  const language = useLanguage();
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <li className="bsls-event" data-test="event" data-type={eventName(event)}>
      <button
        type="button"
        className="bsls-event-line"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <time dateTime={event.time} className="bsls-event-time">
          {clock(language).format(Date.parse(event.time))}
        </time>
        <SeverityIcon severity={event.severity} />
        <span className="bsls-words">{eventText(t, language, event)}</span>
      </button>
      {open && <Details place={place} event={event} id={id} />}
    </li>
  );
};

export const EventRow = memo(
  Row,
  (a, b) => a.event === b.event && a.place.namespace === b.place.namespace && a.place.name === b.place.name,
);
