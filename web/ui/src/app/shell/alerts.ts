import type { components } from '@/shared/api/schema';

type Line = components['schemas']['ApprovalLine'];

/** Of what waits for me: what was not there before. Nothing is new in the first answer. */
export function newOnes(
  known: ReadonlySet<string> | undefined,
  lines: readonly Line[],
): readonly Line[] {
  return known === undefined ? [] : lines.filter((line) => !known.has(line.id));
}

export interface Alert {
  title: string;
  body: string;
}

/** What the desktop shows, perhaps on a locked screen: who asks, never what was sent. */
export function alertFor(lines: readonly Line[]): Alert | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  if (lines.length > 1) {
    return { title: `${lines.length} new approvals wait for you`, body: `In ${first.tenant}` };
  }
  return {
    title: `${first.assistant} waits for your approval`,
    body: `${first.risk.level} risk, rule ${first.rules.join(', ')}, in ${first.tenant}`,
  };
}
