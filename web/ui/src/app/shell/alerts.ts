import type { components } from '@/shared/api/schema';

type Line = components['schemas']['ApprovalLine'];

/** What was seen of the questions that wait, newest first. */
export interface Known {
  ids: ReadonlySet<string>;
  /** Those before this one were not looked at: ids grow with time. */
  oldest: string | undefined;
}

export function knownFrom(
  before: Known | undefined,
  page: { items: readonly Line[]; next: string | null },
): Known {
  return {
    ids: new Set([...(before?.ids ?? []), ...page.items.map((line) => line.id)]),
    oldest: page.next === null ? undefined : page.items.at(-1)?.id,
  };
}

/** Of what waits for me: what was not there before. Nothing is new in the first answer. */
export function newOnes(known: Known | undefined, lines: readonly Line[]): readonly Line[] {
  if (known === undefined) return [];
  const { ids, oldest = '' } = known;
  return lines.filter((line) => !ids.has(line.id) && line.id > oldest);
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
