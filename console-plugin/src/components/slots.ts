/**
 * Rows that are used again: another page of a list fills the rows that stand, which costs a fraction of making them anew.
 * A row that stays keeps its place in the document, and with it the focus. What a cell remembers of its own (opened, busy)
 * needs the id as its key.
 */
import { useState } from 'react';

type Slots = ReadonlyMap<string, number>;

/** A slot for each id: those that were there before keep theirs, the others take what is free, in order. Pure. */
export const assign = (before: Slots, ids: readonly string[]): Slots => {
  const wanted = new Set(ids);
  const free = [...before].filter(([id]) => !wanted.has(id)).map(([, slot]) => slot);
  let last = Math.max(-1, ...before.values());
  const slots = new Map<string, number>();
  for (const id of ids) slots.set(id, before.get(id) ?? free.shift() ?? (last += 1));
  return slots;
};

/** The keys of rows, by the ids of what they show. */
export const useSlots = (ids: readonly string[]): ((id: string) => number | undefined) => {
  const all = ids.join('\n');
  const [kept, setKept] = useState<{ all: string; slots: Slots }>({ all: '', slots: new Map() });
  if (all === kept.all) return (id) => kept.slots.get(id);
  const slots = assign(kept.slots, ids);
  setKept({ all, slots });
  return (id) => slots.get(id);
};
