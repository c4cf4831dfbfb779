/** Who is logged in. The token itself is in a cookie that no script can read. */
import { store } from './store';

export interface Session {
  user: string;
  /** Unix seconds. */
  expires: number;
}

/** undefined: not known yet; null: nobody. */
export const session = store<Session | null | undefined>(undefined);

const SESSION = '/auth/session';
const CSRF_COOKIE = /(?:^|;\s*)csrf-token=([^;]*)/;

export const csrfToken = (): string => CSRF_COOKIE.exec(document.cookie)?.[1] ?? '';

interface Told {
  user: string | null;
  expires: number | null;
}

const told = ({ user, expires }: Told): Session | null => (user && expires ? { user, expires } : null);

const sentence = async (response: Response): Promise<string> => {
  try {
    const problem = (await response.json()) as { detail?: string };
    return problem.detail ?? response.statusText;
  } catch {
    return response.statusText;
  }
};

/** Asks the server. Throws an Error whose message is for the user. */
export const findSession = async (): Promise<void> => {
  const response = await fetch(SESSION, { headers: { Accept: 'application/json' } });
  if (!response.ok) throw new Error(await sentence(response));
  session.set(told((await response.json()) as Told));
};

/** Throws an Error whose message is for the user. */
export const logIn = async (token: string): Promise<void> => {
  const response = await fetch(SESSION, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (!response.ok) throw new Error(await sentence(response));
  session.set(told((await response.json()) as Told));
};

export const logOut = async (): Promise<void> => {
  await fetch(SESSION, { method: 'DELETE', headers: { 'X-CSRFToken': csrfToken() } });
  session.set(null);
};

/** The server refused the session: it has ended. */
export const ended = (): void => session.set(null);
