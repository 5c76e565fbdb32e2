import createClient, { type Client, type Middleware } from 'openapi-fetch';
import { ProblemError, problemOf } from './problem';
import type { paths } from './schema';
import { csrfToken, freshCsrfToken, signIn } from '@/shared/session/sign-in';

/**
 * The one way to the server. Paths, parameters, bodies and answers are typed by `schema.d.ts`:
 * a wrong field does not compile. An answer that is not a success is thrown as `ProblemError`;
 * who is not signed in is sent to sign in, and who must do so again, again.
 *
 * A request names its tenant: `apiOf(tenant)`. Nothing remembers "the current" one.
 */

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);
const TENANT_HEADER = 'AWGP-Tenant';
const CSRF_REFUSED = 'urn:awgp:problem:csrf-refused';

const guard: Middleware = {
  async onRequest({ request }) {
    if (!SAFE.has(request.method)) {
      const token = await csrfToken();
      if (token !== undefined) request.headers.set('X-CSRF-Token', token);
    }
    return request;
  },
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return undefined;
    const problem = await problemOf(response);
    const error = new ProblemError(problem);
    if (response.status === 401) await signIn();
    if (error.slug === 'reauthentication-needed') {
      await signIn({ maxAge: problem.max_age, acrValues: problem.acr_values });
    }
    throw error;
  },
};

/**
 * Another tab that signed in again has a new session, and this one's token is of the one before:
 * asked for anew, and sent once more. A request that was refused so has changed nothing.
 */
async function sendTwiceAtMost(request: Request): Promise<Response> {
  const again = SAFE.has(request.method) ? undefined : request.clone();
  const answer = await globalThis.fetch(request);
  if (again === undefined || answer.status !== 403) return answer;
  if ((await problemOf(answer.clone())).type !== CSRF_REFUSED) return answer;
  const token = await freshCsrfToken();
  if (token === undefined) return answer;
  again.headers.set('X-CSRF-Token', token);
  return globalThis.fetch(again);
}

function make(headers: Record<string, string>): Client<paths> {
  const client = createClient<paths>({
    baseUrl: location.origin,
    headers,
    credentials: 'same-origin',
    // Looked up anew each time, so that tests may put their own there.
    fetch: sendTwiceAtMost,
  });
  client.use(guard);
  return client;
}

const clients = new Map<string, Client<paths>>();

/** For what belongs to a tenant. */
export function apiOf(tenant: string): Client<paths> {
  const known = clients.get(tenant) ?? make({ [TENANT_HEADER]: tenant });
  clients.set(tenant, known);
  return known;
}

/** For what belongs to nobody's tenant: me, sessions, tenants. */
export const api = make({});

/** The data of an answer; by then a failure has been thrown. */
export async function read<Data>(
  answer: Promise<{ data?: Data; response: Response }>,
): Promise<NonNullable<Data>> {
  const { data, response } = await answer;
  if (data === undefined || data === null) {
    throw new TypeError(`${response.url} answered without content`);
  }
  return data;
}

/** The same, with the ETag an edit has to name: `headers: { 'If-Match': etag }`. */
export async function readWithEtag<Data>(
  answer: Promise<{ data?: Data; response: Response }>,
): Promise<{ data: NonNullable<Data>; etag: string }> {
  const given = await answer;
  return {
    data: await read(Promise.resolve(given)),
    etag: given.response.headers.get('ETag') ?? '',
  };
}
