/** consoleFetch and its kin: with our CSRF header, errors as HttpError, a deadline for the headers. */
import type * as Sdk from '@openshift-console/dynamic-plugin-sdk';
import { HttpError, TimeoutError } from '@openshift-console/dynamic-plugin-sdk/lib/utils/error/http-error';
import { csrfToken, ended } from '../session';

export { HttpError };

const TIMEOUT_MS = 60_000;
const SAFE = new Set(['GET', 'HEAD']);

interface Body {
  message?: string;
  detail?: string;
  title?: string;
}

const errorOf = async (response: Response): Promise<HttpError> => {
  let json: unknown;
  try {
    json = await response.json();
  } catch {
    json = undefined;
  }
  const body = (typeof json === 'object' && json !== null ? json : {}) as Body;
  const message = body.message ?? body.detail ?? body.title ?? response.statusText;
  return new HttpError(message, response.status, response, json);
};

const isOurs = (url: string): boolean => new URL(url, window.location.href).origin === window.location.origin;

export const consoleFetch: typeof Sdk.consoleFetch = async (url, options = {}, timeout = TIMEOUT_MS) => {
  if (!isOurs(url)) throw new Error(`${url} is not of this server`);
  const headers = new Headers(options.headers);
  if (!SAFE.has((options.method ?? 'GET').toUpperCase())) headers.set('X-CSRFToken', csrfToken());
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new TimeoutError(url, timeout)), timeout);
  const signal = options.signal ? AbortSignal.any([options.signal, late.signal]) : late.signal;
  try {
    const response = await fetch(url, { ...options, headers, signal, credentials: 'same-origin' });
    if (response.status === 401) ended();
    if (!response.ok && response.status !== 304) throw await errorOf(response);
    return response;
  } finally {
    clearTimeout(timer);
  }
};

export const consoleFetchText: typeof Sdk.consoleFetchText = async (url, options, timeout) =>
  (await consoleFetch(url, options, timeout)).text();

const json = async (url: string, method = 'GET', options: RequestInit = {}, timeout?: number): Promise<unknown> => {
  const headers = new Headers(options.headers);
  headers.set('Accept', 'application/json');
  const response = await consoleFetch(url, { ...options, method, headers }, timeout);
  const text = await response.text();
  return text ? (JSON.parse(text) as unknown) : {};
};

const send =
  (method: string, type = 'application/json') =>
  (url: string, body?: unknown, options: RequestInit = {}, timeout?: number): Promise<unknown> => {
    const headers = new Headers(options.headers);
    if (body !== undefined && !headers.has('Content-Type')) headers.set('Content-Type', type);
    return json(
      url,
      method,
      { ...options, headers, body: body === undefined ? undefined : JSON.stringify(body) },
      timeout,
    );
  };

export const consoleFetchJSON: typeof Sdk.consoleFetchJSON = Object.assign(json, {
  post: send('POST'),
  put: send('PUT'),
  patch: send('PATCH', 'application/json-patch+json'),
  delete: send('DELETE'),
});
