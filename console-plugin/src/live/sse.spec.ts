import { describe, expect, it } from 'vitest';
import { parser } from './sse';

const stream = 'id: 7-0\nevent: session.started.v1\ndata: {"a":1}\n\n:\nid: 8-0\n\nevent: gap\ndata: x\ndata: y\n\n';
const frames = [
  { event: 'session.started.v1', data: '{"a":1}' },
  { event: 'gap', data: 'x\ny' },
];

describe('server-sent events', () => {
  it.each(['\n', '\r\n', '\r'])('are the same wherever the text is cut (line end %j)', (end) => {
    const text = stream.replaceAll('\n', end);
    for (let cut = 0; cut <= text.length; cut += 1) {
      const sse = parser();
      const found = [...sse.feed(text.slice(0, cut)), ...sse.feed(text.slice(cut)), ...sse.feed('\n')];
      expect(found).toEqual(frames);
      expect(sse.lastEventId()).toBe('8-0');
    }
  });

  it('keep the place that they began from, until another comes', () => {
    const sse = parser('3-0');
    sse.feed('data: 1\n\n');
    expect(sse.lastEventId()).toBe('3-0');
  });

  it('say when to come again', () => {
    const sse = parser();
    sse.feed(':\nretry: 1500\n\nretry: soon\n\n');
    expect(sse.retryMs()).toBe(1500);
  });
});
