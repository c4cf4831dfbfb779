/** Live objects of Kubernetes: list, then watch by a WebSocket; one watch for all who ask for the same. */
import type { K8sModel, K8sResourceCommon, Selector, WatchK8sResource } from '@openshift-console/dynamic-plugin-sdk';
import { HttpError } from '../sdk/fetch';
import { type Store, store } from '../store';
import { list, resourceURL } from './resources';

export interface Watched {
  items: readonly K8sResourceCommon[];
  loaded: boolean;
  error: unknown;
}

interface Event {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: K8sResourceCommon;
}

const SHORTEST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const LINGER_MS = 5_000; // a page that comes back finds its data

export const selectorText = (selector: Selector | undefined): string => {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  const others = (selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'NotIn' ? 'notin' : 'in'} (${values.join(',')})`;
  });
  return [...labels, ...others].join(',');
};

const uid = (one: K8sResourceCommon): string =>
  one.metadata?.uid ?? `${one.metadata?.namespace ?? ''}/${one.metadata?.name ?? ''}`;

class Watch {
  readonly state: Store<Watched> = store<Watched>({ items: [], loaded: false, error: undefined });
  private readonly stopped = new AbortController();
  private readonly items = new Map<string, K8sResourceCommon>();
  private scheduled = false;
  private users = 0;
  private linger: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly model: K8sModel,
    private readonly query: Record<string, unknown>,
    private readonly gone: () => void,
  ) {
    void this.run();
  }

  use(): () => void {
    this.users += 1;
    clearTimeout(this.linger);
    return () => {
      this.users -= 1;
      if (this.users === 0) this.linger = setTimeout(() => this.stop(), LINGER_MS);
    };
  }

  private stop(): void {
    this.stopped.abort();
    this.gone();
  }

  private async run(): Promise<void> {
    let pause = SHORTEST_PAUSE_MS;
    while (!this.stopped.signal.aborted) {
      try {
        let version = await this.load();
        pause = SHORTEST_PAUSE_MS;
        while (version !== undefined && !this.stopped.signal.aborted) {
          const before = performance.now();
          version = await this.follow(version);
          if (performance.now() - before < SHORTEST_PAUSE_MS) break; // it cannot be watched: list again, slowly
        }
      } catch (error) {
        if (this.stopped.signal.aborted) return;
        this.publish(error);
        const refused = error instanceof HttpError && (error.code === 403 || error.code === 404);
        if (refused) pause = LONGEST_PAUSE_MS;
      }
      await this.wait(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  private async load(): Promise<string | undefined> {
    const found = await list(this.model, this.query, { signal: this.stopped.signal });
    this.items.clear();
    for (const one of found.items) this.items.set(uid(one), one);
    this.publish(undefined);
    return found.metadata?.resourceVersion;
  }

  /** Until the watch ends; the version to go on from, undefined where only a new list helps. */
  private follow(version: string): Promise<string | undefined> {
    const { ns, ...rest } = this.query;
    const parameters = { ...rest, watch: 'true', allowWatchBookmarks: 'true', resourceVersion: version };
    const path = resourceURL(this.model, { ns: ns as string | undefined, queryParams: parameters });
    const url = new URL(path, window.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return new Promise((resolve) => {
      const socket = new WebSocket(url);
      let last: string | undefined = version;
      const close = (): void => socket.close();
      this.stopped.signal.addEventListener('abort', close);
      socket.addEventListener('message', ({ data }) => {
        const event = JSON.parse(String(data)) as Event;
        last = event.type === 'ERROR' ? undefined : (event.object.metadata?.resourceVersion ?? last);
        if (last === undefined) close();
        else this.take(event);
      });
      socket.addEventListener('close', () => {
        this.stopped.signal.removeEventListener('abort', close);
        resolve(last);
      });
    });
  }

  private take({ type, object }: Event): void {
    if (type === 'BOOKMARK') return;
    if (type === 'DELETED') this.items.delete(uid(object));
    else this.items.set(uid(object), object);
    if (this.scheduled) return; // many at once are painted once
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.publish(undefined);
    });
  }

  private publish(error: unknown): void {
    const known = this.state.get();
    this.state.set(
      error === undefined
        ? { items: [...this.items.values()], loaded: true, error }
        : { items: known.items, loaded: known.loaded, error },
    );
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.stopped.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

const watches = new Map<string, Watch>();

export const watchOf = (model: K8sModel, wanted: WatchK8sResource): Watch => {
  const name = wanted.name ? `metadata.name=${wanted.name}` : '';
  const query = {
    ns: model.namespaced === false ? undefined : wanted.namespace,
    labelSelector: selectorText(wanted.selector),
    fieldSelector: [wanted.fieldSelector, name].filter(Boolean).join(','),
  };
  const key = resourceURL(model, { ns: query.ns, queryParams: query });
  let found = watches.get(key);
  if (!found) {
    found = new Watch(model, query, () => watches.delete(key));
    watches.set(key, found);
  }
  return found;
};
