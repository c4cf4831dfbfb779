/** Answers of the API for unit tests: what consoleFetch of the console resolves or throws. */
import { consoleFetch } from '@openshift-console/dynamic-plugin-sdk';
import { vi } from 'vitest';
import type { Problem } from '../src/api';

export const json = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json', ...headers } });

/** As the console throws it: its HttpError has the response and the parsed body. */
export const problem = (status: number, body: Partial<Problem>, headers: Record<string, string> = {}): Error =>
  Object.assign(new Error(body.detail ?? 'failed'), {
    response: new Response('', { status, headers }),
    json: { type: 'about:blank', title: 'Failed', status, ...body },
  });

export type Handler = (url: URL, init: RequestInit) => Response | Promise<Response>;

/** Answers by `handler`; streams stay open in silence unless it says otherwise. */
export const serve = (handler: Handler): void => {
  vi.mocked(consoleFetch).mockImplementation((url, init = {}) => {
    const asked = new URL(url, 'https://console.example');
    if (asked.pathname.endsWith('/api/v1/events')) return Promise.resolve(new Response(new ReadableStream()));
    return Promise.resolve().then(() => handler(asked, init));
  });
};
