/** Server-sent events from text. Pure, but for what a parser remembers between two pieces. */

export interface Frame {
  /** `message` where the sender names none. */
  event: string;
  data: string;
}

export interface Parser {
  /** Takes the next piece of text, cut anywhere; returns the frames that it completes. */
  feed: (text: string) => Frame[];
  /** The last id, also of frames without data: the place to resume from. */
  lastEventId: () => string | undefined;
  /** Milliseconds that the sender asks to wait before the next try. */
  retryMs: () => number | undefined;
}

export const parser = (resumeFrom?: string): Parser => {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id = resumeFrom;
  let retry: number | undefined;

  const field = (name: string, value: string): void => {
    if (name === 'event') event = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = value || undefined;
    else if (name === 'retry' && /^\d+$/.test(value)) retry = Number(value);
  };

  const line = (text: string): Frame | undefined => {
    if (text === '') {
      const frame = data.length ? { event: event || 'message', data: data.join('\n') } : undefined;
      event = '';
      data = [];
      return frame;
    }
    const colon = text.indexOf(':');
    if (colon < 0) field(text, '');
    else if (colon > 0) field(text.slice(0, colon), text.slice(colon + 1).replace(/^ /, ''));
    return undefined;
  };

  return {
    feed: (text) => {
      // A piece may end between \r and \n: the \r waits for the next one.
      const all = rest + text;
      const usable = all.endsWith('\r') ? all.slice(0, -1) : all;
      const lines = usable.split(/\r\n|\n|\r/);
      rest = (lines.pop() ?? '') + all.slice(usable.length);
      return lines.map(line).filter((frame) => frame !== undefined);
    },
    lastEventId: () => id,
    retryMs: () => retry,
  };
};
