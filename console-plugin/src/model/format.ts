/** Numbers and times as people read them, in their language. Pure. */

/** To make a formatter takes as long as to render a cell: each is made once. */
const once = <A extends unknown[], F>(make: (...given: A) => F): ((...given: A) => F) => {
  const made = new Map<string, F>();
  return (...given) => {
    const key = given.join(' ');
    const found = made.get(key) ?? make(...given);
    made.set(key, found);
    return found;
  };
};

const plain = once(
  (language: string, digits: number) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }),
);
const ages = once((language: string) => new Intl.RelativeTimeFormat(language, { numeric: 'auto' }));
const moments = once(
  (language: string) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' }),
);
const lengths = once(
  (language: string, unit: string) =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }),
);

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export const bytes = (count: number, language: string): string => {
  const step = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 1024 ** step;
  const digits = step === 0 || value >= 100 ? 0 : 1;
  return `${plain(language, digits).format(value)} ${UNITS[step]}`;
};

export const count = (value: number, language: string): string => plain(language, 3).format(value);

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** `5 minutes ago`, `in 3 days`. Less than 10 s is `now`: clocks differ by that. */
export const relative = (at: number, now: number, language: string): string => {
  const seconds = Math.round((at - now) / 1000);
  const words = ages(language);
  if (Math.abs(seconds) < 10) return words.format(0, 'second');
  const [unit, size] = STEPS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1];
  return words.format(Math.trunc(seconds / size), unit);
};

export const absolute = (at: number, language: string): string => moments(language).format(at);

const LENGTHS: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** `2 min, 5 sec`: the two largest units; below a second, one decimal. */
export const duration = (seconds: number, language: string): string => {
  const write = (value: number, unit: string): string => lengths(language, unit).format(value);
  if (seconds < 10) return write(Math.max(0, Math.round(seconds * 10) / 10), 'second');
  const first = LENGTHS.findIndex(([, size]) => seconds >= size);
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, size] of LENGTHS.slice(first, first + 2)) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole) parts.push(write(whole, unit));
  }
  return parts.join(' ');
};
