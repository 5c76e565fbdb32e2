import { beforeEach, expect, test, vi } from 'vitest';
import { apiOf, read, readWithEtag } from './client';
import { ProblemError } from './problem';
import { csrfTokenFrom, signIn } from '@/shared/session/sign-in';
import type * as SignIn from '@/shared/session/sign-in';

// What a file before loaded does not know the mock.
vi.hoisted(() => vi.resetModules());
vi.mock('@/shared/session/sign-in', async (original) => ({
  ...(await original<typeof SignIn>()),
  signIn: vi.fn(() => Promise.resolve()),
}));

const sent: Request[] = [];
let freshToken: string | undefined;

function answer(status: number, body: unknown, headers: Record<string, string> = {}): void {
  vi.stubGlobal('fetch', (request: Request) => {
    sent.push(request);
    return Promise.resolve(Response.json(body, { status, headers }));
  });
}

function problem(slug: string, status: number, further: object = {}): object {
  return { type: `urn:awgp:problem:${slug}`, title: slug, status, detail: 'Because.', ...further };
}

beforeEach(() => {
  sent.length = 0;
  vi.mocked(signIn).mockClear();
  csrfTokenFrom({
    known: () => Promise.resolve('the token'),
    fresh: () => Promise.resolve(freshToken),
  });
  freshToken = undefined;
});

test('a request names its tenant, and one that changes something has the token', async () => {
  answer(200, { items: [], next: null });
  await read(apiOf('acme').GET('/v1/runs'));
  await apiOf('globex').POST('/v1/runs/{run_id}/replay', { params: { path: { run_id: 'r' } } });
  const [listed, replayed] = sent;
  expect(listed?.headers.get('AWGP-Tenant')).toBe('acme');
  expect(listed?.headers.has('X-CSRF-Token')).toBe(false);
  expect(replayed?.headers.get('AWGP-Tenant')).toBe('globex');
  expect(replayed?.headers.get('X-CSRF-Token')).toBe('the token');
});

test('a problem is thrown with what it says', async () => {
  const errors = [{ field: 'limit', detail: 'Too large.' }];
  answer(422, problem('request-invalid', 422, { errors }));
  const error: unknown = await read(apiOf('acme').GET('/v1/runs')).catch(
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(ProblemError);
  expect((error as ProblemError).slug).toBe('request-invalid');
  expect((error as ProblemError).fieldError('limit')).toBe('Too large.');
  expect((error as ProblemError).fieldError('cursor')).toBeUndefined();
});

test('an answer of something in between is a problem too', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('<html>', { status: 502 })));
  await expect(read(apiOf('acme').GET('/v1/runs'))).rejects.toThrow('Try again in a moment');
});

test('who is not signed in is sent to sign in, and who must again, with what is asked', async () => {
  answer(401, problem('token-missing', 401));
  await expect(read(apiOf('acme').GET('/v1/runs'))).rejects.toThrow();
  expect(signIn).toHaveBeenCalledWith();
  answer(403, problem('reauthentication-needed', 403, { max_age: 60, acr_values: 'gold' }));
  await expect(read(apiOf('acme').GET('/v1/runs'))).rejects.toThrow();
  expect(signIn).toHaveBeenLastCalledWith({ maxAge: 60, acrValues: 'gold' });
});

test('the ETag comes with what was read', async () => {
  answer(200, { items: [], next: null }, { ETag: '"abc"' });
  const { etag } = await readWithEtag(apiOf('acme').GET('/v1/runs'));
  expect(etag).toBe('"abc"');
});

test('what is refused for the token of an ended session is sent once more with the new one', async () => {
  freshToken = 'the new token';
  answer(403, problem('csrf-refused', 403));
  const path = { run_id: 'r' };
  await expect(
    read(apiOf('acme').POST('/v1/runs/{run_id}/replay', { params: { path } })),
  ).rejects.toThrow('Because.');
  expect(sent.map((each) => each.headers.get('X-CSRF-Token'))).toEqual([
    'the token',
    'the new token',
  ]);
});

test('where another person signed in meanwhile, nothing is sent again', async () => {
  answer(403, problem('csrf-refused', 403));
  const path = { run_id: 'r' };
  await expect(
    read(apiOf('acme').POST('/v1/runs/{run_id}/replay', { params: { path } })),
  ).rejects.toThrow('Because.');
  expect(sent).toHaveLength(1);
});
