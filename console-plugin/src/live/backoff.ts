/** How long to wait before the next try. Pure. */

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Full jitter over a doubling limit, and never less than what the server asked for: when the API restarts, the tabs of
 * everybody do not come back in the same moment.
 */
export const backoffMs = (failures: number, askedMs = 0, random: () => number = Math.random): number => {
  const limit = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(askedMs + random() * limit);
};
