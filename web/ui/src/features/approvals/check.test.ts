import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkApproval, sameJson } from './check';
import { toBase64 } from '@/shared/text/base64';

/** The golden bytes the server, the launcher and the command line are held to as well. */
interface Vector {
  name: string;
  bytes_utf8: string;
  sha256: string;
  action: {
    run: string;
    epoch: number;
    assistant_version: string;
    bundle_digest: string;
    requirement: Record<string, unknown> | null;
    targets: { id: string; version: number; url: string }[];
  };
}

const FILE = '../../tests/vectors/action_v1.json';
const { vectors } = JSON.parse(readFileSync(FILE, 'utf-8')) as { vectors: Vector[] };

function bundleOf(digest: string) {
  return {
    digest,
    changed: false,
    files: null,
    last_approved: null,
    signers: [],
    unsigned_because: null,
  };
}

function shown({ action, bytes_utf8: text, sha256 }: Vector) {
  return {
    action_base64: toBase64(new TextEncoder().encode(text)),
    assistant_version: action.assistant_version,
    bundle: bundleOf(action.bundle_digest),
    digest: sha256,
    epoch: action.epoch,
    line: { digest: sha256 },
    post_actions: action.targets.map((each, position) => ({
      position,
      target_id: each.id,
      name: 'ledger',
      version: each.version,
      url: each.url,
      template: null,
    })),
    requirement: action.requirement ?? {},
    run_id: action.run,
  };
}

const held = vectors.filter((each) => each.action.requirement !== null);
const [first] = held;

test.each(held)('what is shown of “$name” is what its digest covers', async (vector) => {
  const check = await checkApproval(shown(vector));
  expect(check).toMatchObject({ state: 'matches', computed: vector.sha256 });
});

test('another digest than the bytes have is noticed', async () => {
  if (first === undefined) throw new Error('the vectors hold no approval');
  const told = shown(first);
  const digest = told.digest.replace(/^./, (each) => (each === '0' ? '1' : '0'));
  expect(await checkApproval({ ...told, digest })).toMatchObject({
    state: 'differs',
    parts: ['the digest'],
  });
});

test.each([
  ['the bundle', { bundle: bundleOf('sha256:00') }],
  ['the run', { run_id: 'another' }],
  ['the rules', { requirement: { rules: [] } }],
  ['where the result goes', { post_actions: [] }],
])('%s shown otherwise than the digest covers is named', async (part, lie) => {
  if (first === undefined) throw new Error('the vectors hold no approval');
  expect(await checkApproval({ ...shown(first), ...lie })).toMatchObject({
    state: 'differs',
    parts: [part],
  });
});

test('JSON is the same whatever the order of its members', () => {
  expect(sameJson({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(sameJson({ a: 1 }, { a: 1, b: undefined })).toBe(false);
  expect(sameJson([1, 2], [2, 1])).toBe(false);
  expect(sameJson([], {})).toBe(false);
});
