/** Push subscriptions of the user: made, changed, deleted, delivered once more. They are read as everything is, by `get`. */
import { consoleFetch } from '@openshift-console/dynamic-plugin-sdk';
import { API, fill } from './base';
import { apiError } from './errors';
import type { components } from './schema';

type Schemas = components['schemas'];

export type SubscriptionItem = Schemas['SubscriptionItem'];
export type DeadLetter = Schemas['DeadLetterView'];
export type DeliveryState = Schemas['DeliveryState'];
export type SubscriptionChange = Partial<Schemas['SubscriptionChange']>;
export type Redeliver = Partial<Schemas['Redeliver']>;
export type Redelivered = Schemas['Redelivered'];
/** What has a default can be left out. */
export type NewSubscription = Pick<Schemas['NewSubscription'], 'name' | 'sink'> & Partial<Schemas['NewSubscription']>;

const ONE = '/subscriptions/{name}';

const send = async (method: string, path: string, body?: object): Promise<Response> => {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
  try {
    return await consoleFetch(API + path, { method, ...content });
  } catch (error) {
    throw apiError(error);
  }
};

/** Throws ApiError; its `fields` tell what to correct. */
export const createSubscription = async (made: NewSubscription): Promise<void> => {
  await send('POST', '/subscriptions', made);
};

/** `{ paused: false }` also delivers again to a sink that had answered 410; `{}` confirms. Throws ApiError. */
export const changeSubscription = async (name: string, change: SubscriptionChange): Promise<void> => {
  await send('PATCH', fill(ONE, { name }), change);
};

/** Throws ApiError. */
export const deleteSubscription = async (name: string): Promise<void> => {
  await send('DELETE', fill(ONE, { name }));
};

/** Throws ApiError. */
export const redeliver = async (name: string, from: Redeliver): Promise<Redelivered> =>
  (await (await send('POST', fill(`${ONE}/redeliver`, { name }), from)).json()) as Redelivered;
