/** The time of day in components: one clock for all of them, which stands still while nobody looks. */
import { useSyncExternalStore } from 'react';

const TICK_MS = 5_000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

const tick = (): void => {
  now = Date.now();
  watchers.forEach((changed) => changed());
};

const watch = (changed: () => void): (() => void) => {
  if (!watchers.size) {
    now = Date.now();
    timer = setInterval(tick, TICK_MS);
  }
  watchers.add(changed);
  return () => {
    watchers.delete(changed);
    if (!watchers.size) clearInterval(timer);
  };
};

/** Milliseconds, moving every few seconds. */
export const useNow = (): number => useSyncExternalStore(watch, () => now);
