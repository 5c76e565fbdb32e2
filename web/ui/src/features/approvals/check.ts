import { fromBase64, sha256Hex } from './bytes';
import type { components } from '@/shared/api/schema';

/**
 * Whether what is shown is what a vote would cover. The digest is computed here, from the bytes;
 * then every part of the page that repeats something of the action is held against those bytes.
 */

const TAG = 'awgp.action.v1\0';

type Shown = Pick<
  components['schemas']['ApprovalDetailView'],
  | 'action_base64'
  | 'assistant_version'
  | 'bundle'
  | 'digest'
  | 'epoch'
  | 'post_actions'
  | 'requirement'
  | 'run_id'
> & { line: { digest: string } };

export type Check =
  | { state: 'matches'; computed: string; action: Record<string, unknown> }
  | { state: 'differs'; computed: string; parts: readonly string[] }
  | { state: 'unchecked' };

export async function checkApproval(shown: Shown): Promise<Check> {
  // Browsers compute hashes only on pages that came by https, or from this machine.
  if (!('subtle' in crypto)) return { state: 'unchecked' };
  const bytes = fromBase64(shown.action_base64);
  const computed = await sha256Hex(new TextEncoder().encode(TAG), bytes);
  const action = objectIn(bytes);
  if (computed !== shown.digest || computed !== shown.line.digest || action === undefined) {
    return { state: 'differs', computed, parts: ['the digest'] };
  }
  const parts = await differing(shown, action);
  return parts.length === 0
    ? { state: 'matches', computed, action }
    : { state: 'differs', computed, parts };
}

async function differing(shown: Shown, action: Record<string, unknown>): Promise<string[]> {
  const pairs: [string, unknown, unknown][] = [
    ['the run', shown.run_id, action['run']],
    ['the epoch', shown.epoch, action['epoch']],
    ['the assistant’s version', shown.assistant_version, action['assistant_version']],
    ['the bundle', shown.bundle.digest, action['bundle_digest']],
    ['the rules', shown.requirement, action['requirement']],
    ['where the result goes', await targetsOf(shown, action), action['targets']],
  ];
  return pairs.filter(([, seen, covered]) => !sameJson(seen, covered)).map(([name]) => name);
}

/** The post-actions as the action writes them; a template that is not told is not compared. */
function targetsOf(shown: Shown, action: Record<string, unknown>): Promise<unknown[]> {
  const covered = Array.isArray(action['targets']) ? (action['targets'] as unknown[]) : [];
  return Promise.all(
    shown.post_actions.map(async (each, at) => ({
      id: each.target_id,
      version: each.version,
      url: each.url,
      template_digest:
        each.template === null ? templateOf(covered[at]) : await templateDigest(each.template),
    })),
  );
}

async function templateDigest(template: string): Promise<string> {
  return `sha256:${await sha256Hex(new TextEncoder().encode(template))}`;
}

function templateOf(target: unknown): unknown {
  const known = typeof target === 'object' && target !== null && 'template_digest' in target;
  return known ? target.template_digest : undefined;
}

/** Equal as JSON, whatever the order of members. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return one === other;
  }
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const left = Object.entries(one);
  const right = new Map<string, unknown>(Object.entries(other));
  return (
    left.length === right.size &&
    left.every(([name, value]) => right.has(name) && sameJson(value, right.get(name)))
  );
}

function objectIn(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
