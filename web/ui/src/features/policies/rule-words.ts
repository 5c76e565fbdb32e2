import { listed, spanText } from '@/shared/text/amounts';

/** What a rule asks, in sentences; a member that is not known is left to the JSON beside it. */
export function ruleWords(rule: Record<string, unknown>): string[] {
  return [
    `${people(rule['quorum'])} of ${groups(rule['groups'])} must agree.`,
    ...list(rule['stages']).map(
      (each) => `Then ${people(each['quorum']).toLowerCase()} of ${groups(each['groups'])}.`,
    ),
    rule['reason'] === 'required' ? 'Who votes must say why.' : '',
    time('It expires', rule['expires_in_seconds'], 'after it was asked.'),
    time('Once approved, it must start within', rule['execution_expires_in_seconds'], '.'),
    ...numbers(rule['remind']).map((each) => `Reminds after ${spanText(each * 1000)}.`),
    ...list(rule['escalate']).map(
      (each) => `After ${seconds(each['after_seconds'])}, ${groups(each['to'])} may vote too.`,
    ),
    fresh(rule['reauthenticate']),
    ...texts(rule['reject_reasons'])
      .slice(0, 1)
      .map(() => `Offers reasons to reject: ${listed(texts(rule['reject_reasons']))}.`),
  ].filter((each) => each !== '');
}

function people(quorum: unknown): string {
  return quorum === 1 ? 'One person' : `${String(quorum)} people`;
}

function groups(value: unknown): string {
  return new Intl.ListFormat('en', { type: 'disjunction' }).format(texts(value));
}

function time(before: string, value: unknown, after: string): string {
  return typeof value === 'number' ? `${before} ${seconds(value)} ${after}`.replace(' .', '.') : '';
}

function seconds(value: unknown): string {
  return typeof value === 'number' ? spanText(value * 1000) : 'a while';
}

function fresh(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  const { max_age_seconds: age, acr } = value as Record<string, unknown>;
  const kind = typeof acr === 'string' ? ` with ${acr}` : '';
  return `Who approves must have signed in within ${seconds(age)}${kind}.`;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'number') : [];
}

function list(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value)
    ? value.filter(
        (each): each is Record<string, unknown> => typeof each === 'object' && each !== null,
      )
    : [];
}
