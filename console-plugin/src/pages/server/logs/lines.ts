/** Lines of a log: cut out of what comes, kept up to a limit. Pure, but for what a cutter remembers between two pieces. */

export interface Line {
  /** Counts up from the first line that was ever taken. */
  number: number;
  /** RFC 3339 with nanoseconds, always of the same length; empty where a line has none. */
  at: string;
  text: string;
}

export interface Log {
  lines: readonly Line[];
  /** Lines that were taken, the dropped ones among them. */
  taken: number;
}

export const EMPTY: Log = { lines: [], taken: 0 };

/** About 20 MB at most: `MOST` lines of `LONGEST` characters, of which hardly any is so long. */
export const MOST = 10_000;
const LONGEST = 2_000;
/** Dropped at once, so that not each new line copies the list. */
const SLACK = 1_000;

const COLOURS = /\u001b\[[0-9;]*m/g;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) /;

const lineOf = (text: string): Omit<Line, 'number'> => {
  const found = STAMP.exec(text);
  const rest = (found ? text.slice(found[0].length) : text).replace(COLOURS, '').trimEnd();
  return { at: found?.[1] ?? '', text: rest.length > LONGEST ? `${rest.slice(0, LONGEST)}…` : rest };
};

/** Takes pieces of text, cut anywhere; gives the lines that they complete. */
export const cutter = (): ((piece: string) => Omit<Line, 'number'>[]) => {
  let rest = '';
  return (piece) => {
    const parts = (rest + piece).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST * 10) {
      parts.push(rest); // a line without an end: what comes of it next is another line
      rest = '';
    }
    return parts.map(lineOf);
  };
};

export const add = (log: Log, lines: readonly Omit<Line, 'number'>[], most = MOST): Log => {
  if (!lines.length) return log;
  const numbered = lines.map((line, index) => ({ ...line, number: log.taken + index }));
  const all = [...log.lines, ...numbered];
  return { lines: all.length > most + SLACK ? all.slice(-most) : all, taken: log.taken + lines.length };
};

export const search = (lines: readonly Line[], text: string): readonly Line[] => {
  const wanted = text.trim().toLowerCase();
  return wanted ? lines.filter((line) => line.text.toLowerCase().includes(wanted)) : lines;
};

/** As a file. */
export const toText = (lines: readonly Line[]): string =>
  lines.map(({ at, text }) => (at ? `${at} ${text}\n` : `${text}\n`)).join('');
