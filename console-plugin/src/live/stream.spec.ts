import { consoleFetch } from '@openshift-console/dynamic-plugin-sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { problem } from '../../test/api';
import { SILENCE_MS, follow } from './stream';
import type { Note } from './stream';

const fetched = vi.mocked(consoleFetch);

/** A body that a test writes to; it fails as fetch does when its signal aborts. */
const openBody = (signal?: AbortSignal | null) => {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (one) => void (controller = one) });
  signal?.addEventListener('abort', () => {
    try {
      controller.error(new DOMException('aborted', 'AbortError'));
    } catch {
      // closed already
    }
  });
  return {
    response: new Response(body),
    write: (text: string) => controller.enqueue(new TextEncoder().encode(text)),
    end: () => controller.close(),
  };
};

const event = (id: string): string => `id: ${id}\nevent: x\ndata: {"id":"${id}"}\n\n`;
const lastEventId = (call: number): string | undefined =>
  (fetched.mock.calls[call]?.[1]?.headers as Record<string, string>)['Last-Event-ID'];

describe('following the stream', () => {
  let notes: Note[];
  let stop: AbortController;
  const kinds = (): string[] => notes.map((note) => note.kind);

  beforeEach(() => {
    vi.useFakeTimers();
    fetched.mockReset();
    notes = [];
    stop = new AbortController();
  });
  afterEach(() => {
    stop.abort();
    vi.useRealTimers();
  });

  const start = (): void => void follow({ namespace: 'a' }, stop.signal, (note) => notes.push(note));

  it('hands out events, and comes again from the last one when the stream ends', async () => {
    const first = openBody();
    const second = openBody();
    fetched.mockResolvedValueOnce(first.response).mockResolvedValueOnce(second.response);
    start();
    first.write(event('1') + event('2'));
    await vi.advanceTimersByTimeAsync(0);
    expect(kinds()).toEqual(['open', 'event', 'event']);
    first.end();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(kinds().slice(3)).toEqual(['waiting', 'open']);
    expect(fetched.mock.calls[1]?.[0]).toContain('/api/v1/events?namespace=a');
    expect(lastEventId(0)).toBeUndefined();
    expect(lastEventId(1)).toBe('2');
  });

  it('takes silence for a dead connection', async () => {
    fetched.mockImplementation((_url, init) => Promise.resolve(openBody(init?.signal).response));
    start();
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(kinds()).toEqual(['open']);
    await vi.advanceTimersByTimeAsync(1);
    expect(kinds()).toEqual(['open', 'waiting']);
  });

  it('waits longer with each failure, and at least as long as it is asked to', async () => {
    fetched.mockRejectedValue(problem(503, { detail: 'Redis does not answer.' }, { 'Retry-After': '5' }));
    start();
    await vi.advanceTimersByTimeAsync(0);
    const [note] = notes;
    expect(note).toMatchObject({ kind: 'waiting', error: { status: 503, detail: 'Redis does not answer.' } });
    expect(note?.kind === 'waiting' && note.inMs).toBeGreaterThanOrEqual(5_000);
  });

  it('does not ask again when it is refused', async () => {
    fetched.mockRejectedValue(problem(403, { detail: 'You may not list servers.' }));
    start();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(kinds()).toEqual(['stopped']);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('begins at now, and says that something is missing, when its position is unknown', async () => {
    const first = openBody();
    fetched.mockResolvedValueOnce(first.response).mockRejectedValueOnce(problem(400, { detail: 'Last-Event-ID' }));
    fetched.mockResolvedValueOnce(openBody().response);
    start();
    first.write(event('1'));
    await vi.advanceTimersByTimeAsync(0);
    first.end();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kinds()).toEqual(['open', 'event', 'waiting', 'gap', 'waiting', 'open']);
    expect(lastEventId(2)).toBeUndefined();
  });

  it('ends without a word when its reader leaves', async () => {
    fetched.mockImplementation((_url, init) => Promise.resolve(openBody(init?.signal).response));
    start();
    await vi.advanceTimersByTimeAsync(0);
    stop.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kinds()).toEqual(['open']);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
