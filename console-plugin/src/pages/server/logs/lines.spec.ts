import { describe, expect, it } from 'vitest';
import { EMPTY, add, cutter, search, toText } from './lines';

const text =
  '2026-11-28T10:00:00.000000000Z \u001b[32mINFO\u001b[0m served\n2026-11-28T10:00:01.000000000Z more\r\nno stamp\n';

describe('a log', () => {
  it('is cut into the same lines wherever the text is cut', () => {
    for (let at = 0; at <= text.length; at += 1) {
      const cut = cutter();
      expect([...cut(text.slice(0, at)), ...cut(text.slice(at))]).toEqual([
        { at: '2026-11-28T10:00:00.000000000Z', text: 'INFO served' },
        { at: '2026-11-28T10:00:01.000000000Z', text: 'more' },
        { at: '', text: 'no stamp' },
      ]);
    }
  });

  it('has a limit to each line, also to one without an end', () => {
    const cut = cutter();
    expect(cut('x'.repeat(5_000) + '\n')[0]?.text).toHaveLength(2_001);
    expect(cut('y'.repeat(20_001))).toHaveLength(1);
    expect(cut('z\n')).toEqual([{ at: '', text: 'z' }]);
  });

  it('keeps the newest lines, numbered through', () => {
    let log = EMPTY;
    for (let line = 0; line < 5_000; line += 1) log = add(log, [{ at: '', text: `line ${line}` }], 100);
    expect(log.lines.length).toBeLessThanOrEqual(1_100);
    expect(log.taken).toBe(5_000);
    expect(log.lines.at(-1)).toEqual({ at: '', number: 4_999, text: 'line 4999' });
  });

  it('is searched without regard to case, and written as it came', () => {
    const log = add(EMPTY, cutter()(text));
    expect(search(log.lines, ' info ').map((line) => line.number)).toEqual([0]);
    expect(search(log.lines, '')).toBe(log.lines);
    expect(toText(log.lines.slice(1))).toBe('2026-11-28T10:00:01.000000000Z more\nno stamp\n');
  });
});
