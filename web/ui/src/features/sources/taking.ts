import type { components } from '@/shared/api/schema';
import { textIn } from '@/shared/components/form-dialog';
import { InputFault } from '@/shared/components/input-fault';
import { objectIn } from '@/shared/text/json-input';

/** What a form says of what a source takes and what becomes of it, and back. */

export type Intake = components['schemas']['IntakeBody']['intake'];
export type Mapping = components['schemas']['MappingBody']['mapping'];
export type Sample = components['schemas']['MappingTestBody'];
export type WouldBecome = components['schemas']['WouldBecome'];

export const BODIES = {
  json: 'JSON',
  form: 'Forms',
  cloudevents: 'CloudEvents',
  raw: 'Anything else',
} as const;
export type Body = keyof typeof BODIES;
export const BODY_KINDS = Object.keys(BODIES) as Body[];

export interface ShownIntake {
  bodies: readonly Body[];
  jsonMember: string;
  /** Where the sender's own id is; `scheme`: where its scheme has it. */
  idBy: 'scheme' | 'pointer' | 'header';
  idAt: string;
  bytes: string;
  depth: string;
  perMinute: string;
  burst: string;
}

export function shownIntake(intake: Intake): ShownIntake {
  const id = record(intake['event_id']);
  const rate = record(intake['rate']);
  const by = 'pointer' in id ? 'pointer' : 'header' in id ? 'header' : 'scheme';
  const bodies: readonly unknown[] = Array.isArray(intake['bodies']) ? intake['bodies'] : [];
  return {
    bodies: BODY_KINDS.filter((each) => bodies.includes(each)),
    jsonMember: said(intake['json_member']),
    idBy: by,
    idAt: by === 'scheme' ? '' : said(id[by]),
    bytes: said(intake['max_body_bytes']),
    depth: said(intake['max_json_depth']),
    perMinute: said(rate['per_minute']),
    burst: said(rate['burst']),
  };
}

/** All of it: what the form leaves empty goes back to its default. */
export function intakeIn(form: FormData): Intake {
  const bodies = BODY_KINDS.filter((each) => form.get(`body.${each}`) !== null);
  const by = textIn(form, 'id_by');
  const rate = { ...number(form, 'per_minute'), ...number(form, 'burst') };
  if ('burst' in rate && !('per_minute' in rate)) {
    throw new InputFault('Say how many requests a minute too, or leave out how many at once.');
  }
  const member = textIn(form, 'json_member');
  return {
    ...(bodies.length === 0 ? {} : { bodies }),
    ...(member === '' ? {} : { json_member: member }),
    ...(by === 'pointer' || by === 'header' ? { event_id: { [by]: textIn(form, 'id_at') } } : {}),
    ...number(form, 'max_body_bytes'),
    ...number(form, 'max_json_depth'),
    ...('per_minute' in rate ? { rate } : {}),
  };
}

export interface ShownRule {
  name: string;
  when: string;
  assistant: string;
}

export function rulesOf(mapping: Mapping): ShownRule[] {
  const rules: readonly unknown[] = Array.isArray(mapping['rules']) ? mapping['rules'] : [];
  return rules.map(record).map((each) => ({
    name: said(each['name']),
    when: said(each['when']),
    assistant: said(each['assistant']),
  }));
}

export function mappingIn(form: FormData): Mapping {
  const typed = objectIn(textIn(form, 'mapping'));
  if (typed.problem !== undefined) throw new InputFault(`The rules: ${typed.problem}`);
  return typed.value;
}

/** An event to try; by the rules in the form where it holds some, else by the source's own. */
export function sampleIn(form: FormData): Sample {
  const body = form.get('event');
  return {
    body: typeof body === 'string' ? body : '',
    headers: {
      ...headersIn(textIn(form, 'headers')),
      'Content-Type': textIn(form, 'content_type'),
    },
    ...(form.has('mapping') ? { mapping: mappingIn(form) } : {}),
  };
}

/** `Name: value`, one a line. */
export function headersIn(lines: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of lines.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new InputFault(`“${line}” is no header: write Name: value.`);
    found[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
  }
  return found;
}

function number(form: FormData, name: string): Record<string, number> {
  const text = textIn(form, name);
  return text === '' ? {} : { [name]: Number(text) };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
