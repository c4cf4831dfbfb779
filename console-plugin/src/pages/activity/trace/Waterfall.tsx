/** Spans as bars below each other, on one time line. It is a table, so that it can be read without seeing the bars. */
import type { CSSProperties, FC } from 'react';
import { causeWord, eventText } from '../../../components';
import { useLanguage, useT } from '../../../i18n';
import type { T } from '../../../i18n';
import { bytes, count, duration } from '../../../model/format';
import { numberOf, textOf } from '../../../model/story';
import { ticksOf } from './layout';
import type { Bar, TimeLine } from './layout';

const percent = (part: number): string => `${(part * 100).toFixed(3)}%`;

const nameOf = (t: T, { span }: Bar): string => {
  switch (span.kind) {
    case 'session':
      return t('Session');
    case 'snapshot':
      return t('Snapshot of {{path}}', { path: span.name });
    case 'maintenance':
      return span.name.startsWith('full') ? t('Full maintenance') : t('Quick maintenance');
    default:
      return span.name;
  }
};

/** What is known beside the times. */
const detailOf = (t: T, language: string, { span }: Bar): string => {
  const error = textOf(span, 'error');
  if (error) return error;
  const files = numberOf(span, 'files');
  const errors = numberOf(span, 'errors');
  const cause = textOf(span, 'cause');
  const parts = [
    textOf(span, 'address') && t('from {{address}}', { address: textOf(span, 'address') }),
    textOf(span, 'reason') === 'server-ended' && t('Cut: the server process ended'),
    span.kind === 'snapshot' && bytes(numberOf(span, 'sizeBytes') ?? 0, language),
    files !== undefined && t('{{files}} files', { files: count(files, language), count: files }),
    errors ? t('{{count}} files not read', { count: errors }) : '',
    cause && t('Incomplete: {{cause}}', { cause: causeWord(t, cause) }),
  ];
  return parts.filter(Boolean).join(' · ');
};

/** Moments of the line, counted from its beginning. */
const Ticks: FC<{ length: number; labels: boolean }> = ({ length, labels }) => {
  const language = useLanguage();
  return (
    <div className={labels ? 'bsls-ticks bsls-ticks-named' : 'bsls-ticks'} aria-hidden="true">
      {ticksOf(length).map((at) => (
        <span key={at} className="bsls-tick" style={{ insetInlineStart: percent(at / length) }}>
          {labels && (at === 0 ? '0' : `+${duration(at / 1000, language)}`)}
        </span>
      ))}
    </div>
  );
};

const Row: FC<{ bar: Bar; from: number; length: number }> = ({ bar, from, length }) => {
  const t = useT();
  const language = useLanguage();
  const detail = detailOf(t, language, bar);
  return (
    <tr data-test={`span-${bar.span.kind}`}>
      <th scope="row" style={{ '--bsls-depth': bar.depth } as CSSProperties}>
        <div className="bsls-span-name">{nameOf(t, bar)}</div>
        {detail && (
          <div className={bar.outcome === 'failed' ? 'bsls-reason bsls-reason-failed' : 'bsls-reason'}>{detail}</div>
        )}
      </th>
      <td className="bsls-number bsls-wide-only">+{duration((bar.start - from) / 1000, language)}</td>
      <td className="bsls-number">
        {duration((bar.end - bar.start) / 1000, language)}
        {bar.open && <div className="bsls-reason">{t('goes on')}</div>}
      </td>
      <td className="bsls-line-cell">
        <Ticks length={length} labels={false} />
        <div
          className={`bsls-bar bsls-bar-${bar.outcome}${bar.open ? ' bsls-bar-open' : ''}`}
          style={{ insetInlineStart: percent(bar.left), inlineSize: percent(bar.width) }}
        />
      </td>
    </tr>
  );
};

export const Waterfall: FC<{ line: TimeLine }> = ({ line }) => {
  const t = useT();
  const language = useLanguage();
  const length = line.to - line.from;
  return (
    // On narrow screens it scrolls sideways, also by the keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className="bsls-waterfall" tabIndex={0} role="region" aria-label={t('Time line')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('Step')}</th>
            <th scope="col" className="bsls-number bsls-wide-only">
              {t('Begins')}
            </th>
            <th scope="col" className="bsls-number">
              {t('Duration')}
            </th>
            <th scope="col" className="bsls-line-cell">
              <span className="pf-v6-screen-reader">{t('Time line')}</span>
              <Ticks length={length} labels />
            </th>
          </tr>
        </thead>
        <tbody>
          {line.bars.map((bar) => (
            <Row key={bar.span.spanId} bar={bar} from={line.from} length={length} />
          ))}
          {line.marks.length > 0 && (
            <tr>
              <th scope="row">
                <div className="bsls-span-name">{t('Events')}</div>
                <div className="bsls-reason">{t('{{count}}, listed below', { count: line.marks.length })}</div>
              </th>
              <td className="bsls-wide-only" />
              <td />
              <td className="bsls-line-cell">
                <Ticks length={length} labels={false} />
                <div className="bsls-ticks">
                  {line.marks.map(({ event, left, own }) => (
                    <span
                      key={event.id}
                      aria-hidden="true"
                      title={eventText(t, language, event)}
                      className={`bsls-mark bsls-mark-${event.severity}${own ? ' bsls-mark-own' : ''}`}
                      style={{ insetInlineStart: percent(left) }}
                    />
                  ))}
                </div>
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
};
