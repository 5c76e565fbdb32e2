import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { leafHashOf, refuteEntry, refuteInclusion, type Inclusion } from './inclusion';

const sha = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest();
const leaf = (body: Uint8Array): Buffer => sha(Uint8Array.of(0), body);
const bodies = Array.from({ length: 13 }, (_, at) => Buffer.from(`entry ${at}`));

function split(size: number): number {
  return 2 ** Math.floor(Math.log2(size - 1));
}

function root(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  const at = split(leaves.length);
  return sha(Uint8Array.of(1), root(leaves.slice(0, at)), root(leaves.slice(at)));
}

function path(leaves: readonly Buffer[], index: number): string[] {
  if (leaves.length === 1) return [];
  const at = split(leaves.length);
  const [left, right] = [leaves.slice(0, at), leaves.slice(at)];
  return index < at
    ? [...path(left, index), root(right).toString('hex')]
    : [...path(right, index - at), root(left).toString('hex')];
}

function proofOf(index: number, size: number): Inclusion {
  const leaves = bodies.slice(0, size).map(leaf);
  return {
    index,
    size,
    leafHash: leaves[index]?.toString('hex') ?? '',
    path: path(leaves, index),
    root: root(leaves).toString('hex'),
  };
}

describe('an inclusion proof', () => {
  it('holds for every entry of every tree', async () => {
    for (let size = 1; size <= bodies.length; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const body = bodies[index] ?? Buffer.of();
        expect(await refuteEntry(body, proofOf(index, size))).toBeUndefined();
      }
    }
  });

  it('notices another body, another place, another root and another length', async () => {
    const good = proofOf(4, 11);
    expect(await refuteEntry(Buffer.from('other'), good)).toMatch(/leaf hash/);
    expect(await refuteInclusion({ ...good, index: 5 })).toMatch(/root/);
    expect(await refuteInclusion({ ...good, index: 11 })).toMatch(/shorter/);
    expect(await refuteInclusion({ ...good, path: good.path.slice(1) })).toMatch(/short|root/);
    expect(await refuteInclusion({ ...good, path: [...good.path, good.root] })).toMatch(/long/);
    expect(await refuteInclusion({ ...good, root: proofOf(4, 12).root })).toMatch(/root/);
  });

  it('notices any byte of a path that is changed', async () => {
    const good = proofOf(6, 13);
    for (let at = 0; at < good.path.length; at += 1) {
      const changed = good.path.map((each, step) =>
        step === at ? (each.startsWith('0') ? '1' : '0') + each.slice(1) : each,
      );
      expect(await refuteInclusion({ ...good, path: changed })).toMatch(/root/);
    }
  });
});

it('hashes an empty leaf as RFC 6962 does', async () => {
  expect(await leafHashOf(new Uint8Array())).toBe(
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  );
});
