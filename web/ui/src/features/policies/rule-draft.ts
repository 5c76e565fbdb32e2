import type { RuleWords } from './rules';

/**
 * A rule while it is being written, and the way to and from what the API takes. Whatever a rule
 * says that the form does not know is kept as it is; what is typed and no number is sent as it is,
 * and the server says so.
 */

export const UNITS = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

export interface Span {
  amount: string;
  unit: Unit;
}
export interface Stage {
  id: number;
  quorum: string;
  groups: string;
}
export interface Reminder extends Span {
  id: number;
}
export interface Step extends Span {
  id: number;
  to: string;
}
export interface RuleDraft {
  /** The first one is the rule's own quorum and groups. */
  stages: readonly Stage[];
  reason: string;
  expires: Span;
  executionExpires: Span;
  remind: readonly Reminder[];
  escalate: readonly Step[];
  reauthenticate: { age: Span; acr: string } | undefined;
  /** A line each. */
  rejectReasons: string;
  rest: RuleWords;
}

const KNOWN = new Set([
  'name',
  'version',
  'quorum',
  'groups',
  'reason',
  'expires_in_seconds',
  'execution_expires_in_seconds',
  'stages',
  'remind',
  'escalate',
  'reauthenticate',
  'reject_reasons',
]);
const WHOLE = /^\d+$/;

let made = 0;

export function draftOf(rule: RuleWords): RuleDraft {
  const fresh = asObject(rule['reauthenticate']);
  return {
    stages: [rule, ...objects(rule['stages'])].map(stageOf),
    reason: rule['reason'] === undefined ? 'optional' : asText(rule['reason']),
    expires: spanOf(rule['expires_in_seconds'] ?? UNITS.days),
    executionExpires: spanOf(rule['execution_expires_in_seconds'] ?? UNITS.hours),
    remind: list(rule['remind']).map((each) => ({ id: newId(), ...spanOf(each) })),
    escalate: objects(rule['escalate']).map((each) => ({
      id: newId(),
      ...spanOf(each['after_seconds']),
      to: groupsText(each['to']),
    })),
    reauthenticate:
      fresh === undefined
        ? undefined
        : { age: spanOf(fresh['max_age_seconds']), acr: asText(fresh['acr']) },
    rejectReasons: list(rule['reject_reasons']).map(asText).join('\n'),
    rest: Object.fromEntries(Object.entries(rule).filter(([name]) => !KNOWN.has(name))),
  };
}

export function ruleOf(draft: RuleDraft): RuleWords {
  const [first, ...further] = draft.stages.map(({ quorum, groups }) => ({
    quorum: numberIn(quorum),
    groups: groupsIn(groups),
  }));
  const fresh = draft.reauthenticate;
  return {
    ...draft.rest,
    ...first,
    reason: draft.reason,
    expires_in_seconds: secondsIn(draft.expires),
    execution_expires_in_seconds: secondsIn(draft.executionExpires),
    stages: further,
    remind: draft.remind.map(secondsIn),
    escalate: draft.escalate.map((each) => ({
      after_seconds: secondsIn(each),
      to: groupsIn(each.to),
    })),
    ...(fresh === undefined
      ? {}
      : {
          reauthenticate: {
            max_age_seconds: secondsIn(fresh.age),
            ...(fresh.acr.trim() === '' ? {} : { acr: fresh.acr.trim() }),
          },
        }),
    reject_reasons: draft.rejectReasons
      .split('\n')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  };
}

/** Reminders one after the other, as a rule has them, whatever order they were typed in. */
export function inOrder(draft: RuleDraft): RuleDraft {
  const length = ({ amount, unit }: Span): number => Number(amount) * UNITS[unit];
  return { ...draft, remind: [...draft.remind].sort((a, b) => length(a) - length(b)) };
}

export function newStage(): Stage {
  return { id: newId(), quorum: '1', groups: '' };
}

export function newReminder(): Reminder {
  return { id: newId(), amount: '1', unit: 'hours' };
}

export function newStep(): Step {
  return { id: newId(), amount: '4', unit: 'hours', to: '' };
}

/** Moved by one place; the same where there is none. */
export function moved<Row>(rows: readonly Row[], from: number, by: -1 | 1): readonly Row[] {
  const [one, other] = [rows[from], rows[from + by]];
  return one === undefined || other === undefined
    ? rows
    : rows.with(from, other).with(from + by, one);
}

function newId(): number {
  made += 1;
  return made;
}

function stageOf(given: RuleWords): Stage {
  return { id: newId(), quorum: asText(given['quorum'] ?? 1), groups: groupsText(given['groups']) };
}

/** In the largest unit that leaves nothing over. */
function spanOf(seconds: unknown): Span {
  if (typeof seconds !== 'number' || seconds <= 0) {
    return { amount: asText(seconds), unit: 'seconds' };
  }
  const units = (Object.keys(UNITS) as Unit[]).reverse();
  const unit = units.find((each) => seconds % UNITS[each] === 0) ?? 'seconds';
  return { amount: String(seconds / UNITS[unit]), unit };
}

function secondsIn({ amount, unit }: Span): number | string {
  const number = numberIn(amount);
  return typeof number === 'number' ? number * UNITS[unit] : number;
}

function numberIn(text: string): number | string {
  return WHOLE.test(text.trim()) ? Number(text) : text;
}

function groupsIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((each) => each !== '');
}

function groupsText(value: unknown): string {
  return list(value).map(asText).join(', ');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function objects(value: unknown): RuleWords[] {
  return list(value).flatMap((each) => {
    const found = asObject(each);
    return found === undefined ? [] : [found];
  });
}

function asObject(value: unknown): RuleWords | undefined {
  const is = typeof value === 'object' && value !== null && !Array.isArray(value);
  return is ? (value as RuleWords) : undefined;
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
