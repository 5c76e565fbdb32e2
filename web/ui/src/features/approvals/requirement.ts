/** What it takes to approve, as the digest covers it (docs/reference/policy.md, approval rules). */

export interface Rule {
  name: string;
  version: number;
  quorum: number;
  groups: string[];
  reason: 'optional' | 'required';
  expires_in_seconds: number;
  execution_expires_in_seconds: number;
  remind: number[];
  escalate: { after_seconds: number; to: string[] }[];
  stages?: { quorum: number; groups: string[] }[];
  reauthenticate?: { max_age_seconds: number; acr?: string };
  reject_reasons?: string[];
}

/** The schema leaves its inside open; the server checked it when the rule was saved. */
export function rulesIn(requirement: Record<string, unknown>): readonly Rule[] {
  const { rules } = requirement;
  return Array.isArray(rules) ? (rules as Rule[]) : [];
}

export function asksReason(rules: readonly Rule[]): boolean {
  return rules.some((rule) => rule.reason === 'required');
}

export function rejectReasons(rules: readonly Rule[]): readonly string[] {
  return [...new Set(rules.flatMap((rule) => rule.reject_reasons ?? []))];
}

/** Whose vote counts in a turn so long after the opening: its groups, and those asked since. */
export function groupsNow(
  groups: readonly string[],
  rule: Rule | undefined,
  openMs: number,
): readonly string[] {
  const since = (rule?.escalate ?? []).filter((step) => step.after_seconds * 1000 <= openMs);
  return [...new Set([...groups, ...since.flatMap((step) => step.to)])];
}

export interface Moment {
  at: string;
  what: string;
}

/** When somebody is reminded, and when others are asked as well, in order. */
export function momentsOf(rules: readonly Rule[], openedAt: string): Moment[] {
  const opened = new Date(openedAt).getTime();
  const at = (seconds: number): string => new Date(opened + seconds * 1000).toISOString();
  return rules
    .flatMap((rule) => [
      ...rule.remind.map((seconds) => ({
        at: at(seconds),
        what: `Those who are asked under ${rule.name} are reminded`,
      })),
      ...rule.escalate.map((step) => ({
        at: at(step.after_seconds),
        what: `${step.to.join(', ')} may vote under ${rule.name} too`,
      })),
    ])
    .sort((one, other) => one.at.localeCompare(other.at));
}
