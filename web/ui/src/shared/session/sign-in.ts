/** Signing in and out: addresses of the server, left to the browser. */

interface Again {
  /** Seconds since signing in, at most. */
  maxAge?: unknown;
  acrValues?: unknown;
}

interface CsrfTokens {
  /** The one that is known. */
  known: () => Promise<string | undefined>;
  /** The one that counts now. */
  fresh: () => Promise<string | undefined>;
}

let tokens: CsrfTokens | undefined;

/** Say where the CSRF token is had from; `me.ts` does. */
export function csrfTokenFrom(source: CsrfTokens): void {
  tokens = source;
}

export function csrfToken(): Promise<string | undefined> {
  return tokens?.known() ?? Promise.resolve(undefined);
}

export function freshCsrfToken(): Promise<string | undefined> {
  return tokens?.fresh() ?? Promise.resolve(undefined);
}

/**
 * Leave for the identity provider and come back to where we are. It never returns: what waits for
 * it keeps its skeleton until the page is gone.
 */
export function signIn(again: Again = {}): Promise<never> {
  const query = new URLSearchParams({ next: location.pathname + location.search });
  if (typeof again.maxAge === 'number') query.set('max_age', String(again.maxAge));
  if (typeof again.acrValues === 'string') query.set('acr_values', again.acrValues);
  leaveFor(`/login?${query.toString()}`);
  return new Promise(() => undefined);
}

/** End the session here and at the identity provider. */
export async function signOut(): Promise<void> {
  const csrf = await freshCsrfToken();
  // What else this page asks for now fails for want of a session: that must not lead back in.
  leaving = true;
  try {
    location.assign((await endSession(csrf)) ?? '/');
  } catch (error) {
    leaving = false;
    throw error;
  }
}

async function endSession(csrf: string | undefined): Promise<string | undefined> {
  const answer = await fetch('/logout', {
    method: 'POST',
    headers: {
      Accept: 'application/json',
      ...(csrf === undefined ? {} : { 'X-CSRF-Token': csrf }),
    },
    redirect: 'manual',
  });
  const body: unknown = answer.ok ? await answer.json().catch(() => undefined) : undefined;
  return goodbyeIn(body);
}

/** Where signing out goes on: the server's page that leads to the provider. */
function goodbyeIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('continue_at' in body)) return undefined;
  return typeof body.continue_at === 'string' ? body.continue_at : undefined;
}

let leaving = false;

// Back from where we left for: what is shown may be another session's.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

/** Go to another document, once: several requests may fail together. */
function leaveFor(address: string): void {
  if (leaving) return;
  leaving = true;
  location.assign(address);
}
