import { webcrypto } from 'node:crypto';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { checkTrail, type Finding } from './run-trail';
import { sealedLog, withBrokenSignature } from '@/shared/proof/sealed-log.test.fixture';

type Trail = Parameters<typeof checkTrail>[0];

beforeAll(() => {
  vi.stubGlobal('crypto', webcrypto);
});
beforeEach(() => {
  vi.stubGlobal('isSecureContext', true);
});

async function trail(): Promise<Trail> {
  const { body_base64, hash, proof, checkpoint, signer } = await sealedLog(5);
  const at = '2026-01-01T00:00:00Z';
  const entry = {
    sequence: 5,
    id: 'id-5',
    action: 'run:received',
    actor_type: 'person',
    actor_id: 'a',
    resource_type: 'run',
    resource_id: 'r',
    occurred_at: at,
    sealed_at: at,
    before: null,
    after: { status: 'received' },
    metadata: {},
    hash,
    body_base64,
    proof,
  };
  const head = { ...checkpoint, signed_at: at };
  return { items: [entry], next: null, checkpoint: head, why_no_proof: null, signer };
}

async function findingOf(change: (trail: Trail) => Trail): Promise<Finding | undefined> {
  return (await checkTrail(change(await trail()))).items[0]?.finding;
}

const ofHead =
  (change: Partial<NonNullable<Trail['checkpoint']>>) =>
  (given: Trail): Trail => ({
    ...given,
    checkpoint: given.checkpoint && { ...given.checkpoint, ...change },
  });
const ofEntry =
  (change: Partial<Trail['items'][number]>) =>
  (given: Trail): Trail => ({
    ...given,
    items: given.items.map((each) => ({ ...each, ...change })),
  });

test('an entry is proved up to the signature over the root', async () => {
  expect(await findingOf((given) => given)).toEqual({ kind: 'proved', size: 7 });
});

test('a signature that does not hold proves nothing', async () => {
  const broken = await findingOf((given) =>
    ofHead({ note: withBrokenSignature(given.checkpoint?.note ?? '') })(given),
  );
  expect(broken).toEqual({ kind: 'refuted', why: 'the checkpoint’s signature does not hold' });
});

test('what is shown of the entry or of the head is what was sealed and signed', async () => {
  expect(await findingOf(ofEntry({ after: { status: 'denied' } }))).toMatchObject({
    kind: 'refuted',
    why: expect.stringContaining('after') as string,
  });
  expect(await findingOf(ofEntry({ sequence: 4 }))).toMatchObject({ kind: 'refuted' });
  expect(await findingOf(ofHead({ size: 8 }))).toMatchObject({ kind: 'refuted' });
});

test('without a key, or on an address that is not secure, nothing is called proved', async () => {
  expect(await findingOf((given) => ({ ...given, signer: null }))).toMatchObject({
    kind: 'unchecked',
  });
  vi.stubGlobal('isSecureContext', false);
  expect(await findingOf((given) => given)).toMatchObject({ kind: 'unchecked' });
});

test('an entry no checkpoint covers yet waits', async () => {
  expect(await findingOf(ofEntry({ proof: null }))).toEqual({ kind: 'waiting' });
});
