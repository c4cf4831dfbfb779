/** Lists that stand still under the reader's hand: what is new comes in when nobody is at it, or when asked for. */
import { useMemo, useState } from 'react';

interface Held<R> {
  rows: readonly R[];
  /** How many of the latest rows are not shown yet. */
  waiting: number;
  /** Shows them. */
  show: () => void;
}

/** While the list is held, rows keep their places and take over what changed in them. Pure. */
export const hold = <R>(shown: readonly R[], latest: readonly R[], keyOf: (row: R) => string): readonly R[] => {
  const now = new Map(latest.map((row) => [keyOf(row), row]));
  return shown.map((row) => now.get(keyOf(row)) ?? row);
};

/** `list` names what is listed: another list is shown at once. */
export const useHeld = <R>(list: string, latest: readonly R[], held: boolean, keyOf: (row: R) => string): Held<R> => {
  const [shown, setShown] = useState({ list, rows: latest });
  const through = !held || shown.list !== list || !shown.rows.length;
  if (through && (shown.rows !== latest || shown.list !== list)) setShown({ list, rows: latest });
  const rows = useMemo(
    () => (through ? latest : hold(shown.rows, latest, keyOf)),
    [through, latest, shown.rows, keyOf],
  );
  const known = new Set(rows.map(keyOf));
  const waiting = through ? 0 : latest.filter((row) => !known.has(keyOf(row))).length;
  return { rows, waiting, show: () => setShown({ list, rows: latest }) };
};

/** Whether the pointer or the keyboard is at a list; put `at` on its body. */
export const useAtHand = () => {
  const [pointer, setPointer] = useState(false);
  const [keyboard, setKeyboard] = useState(false);
  return {
    atHand: pointer || keyboard,
    at: {
      onPointerEnter: () => setPointer(true),
      onPointerLeave: () => setPointer(false),
      onFocus: () => setKeyboard(true),
      onBlur: () => setKeyboard(false),
    },
  };
};
