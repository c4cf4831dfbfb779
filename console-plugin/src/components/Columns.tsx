/** A small chart of columns, one for each day; who cannot see it has the table. */
import type { FC } from 'react';
import './columns.css';

export interface ColumnOf {
  /** Milliseconds. */
  at: number;
  value: number;
  /** Marks the column. */
  bad?: boolean;
  /** The whole of what it tells, for who points at it and for screen readers. */
  text: string;
}

const HEIGHT = 120;
const STEP = 20;
const WIDTH = 14;
/** Something is always seen of what is not zero. */
const LEAST = 2;

interface Props {
  title: string;
  columns: readonly ColumnOf[];
  /** The largest value, written. */
  top: string;
  /** The first and the last day, written. */
  from: string;
  to: string;
}

export const Columns: FC<Props> = ({ title, columns, top, from, to }) => {
  const largest = Math.max(1, ...columns.map(({ value }) => value));
  return (
    <figure className="bsls-columns">
      <div className="bsls-columns-top" aria-hidden="true">
        {top}
      </div>
      <svg viewBox={`0 0 ${columns.length * STEP} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={title}>
        {columns.map(({ at, value, bad, text }, index) => {
          const height = value ? Math.max(LEAST, (value / largest) * HEIGHT) : 0;
          return (
            <g key={at}>
              <title>{text}</title>
              <rect className="bsls-column-room" x={index * STEP} y={0} width={STEP} height={HEIGHT} />
              <rect
                className={bad ? 'bsls-column bsls-column-bad' : 'bsls-column'}
                x={index * STEP + (STEP - WIDTH) / 2}
                y={HEIGHT - height}
                width={WIDTH}
                height={height}
              />
            </g>
          );
        })}
      </svg>
      <div className="bsls-columns-days" aria-hidden="true">
        <span>{from}</span>
        <span>{to}</span>
      </div>
      <ul className="pf-v6-screen-reader">
        {columns.map(({ at, text }) => (
          <li key={at}>{text}</li>
        ))}
      </ul>
    </figure>
  );
};
