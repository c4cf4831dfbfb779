/** The events on a trace's time line, in words. */
import type { FC } from 'react';
import { SeverityIcon, eventText } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import { duration } from '../../../model/format';
import type { TimeLine } from './layout';

export const Marks: FC<{ line: TimeLine }> = ({ line }) => {
  const t = useT();
  const language = useLanguage();
  if (!line.marks.length) return <p className="bsls-reason">{t('No event of this time is kept.')}</p>;
  return (
    <ol className="bsls-marks">
      {line.marks.map(({ event, at, own }) => (
        <li key={event.id} data-test={own ? 'event-own' : 'event-other'}>
          <span className="bsls-number">+{duration(Math.max(0, at - line.from) / 1000, language)}</span>
          <SeverityIcon severity={event.severity} />
          <span className="bsls-mark-text">
            {eventText(t, language, event)}
            {!own && <span className="bsls-reason"> · {t('elsewhere at this server')}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
};
