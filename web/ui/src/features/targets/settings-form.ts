import type { TargetSettings } from './change';
import { textIn } from '@/shared/components/form-dialog';

/** What a form says of a target's settings, and back. */

// What N8N says while it starts: 200 with this, then 404 until its workflows are there.
const N8N_LACKS = 'n8n is starting up';
const N8N_RETRY = 404;

export function settingsIn(form: FormData): TargetSettings {
  const n8n = form.get('n8n') !== null;
  const status = numbersIn(textIn(form, 'status'));
  const contains = textIn(form, 'body_contains');
  const lacks = n8n ? N8N_LACKS : textIn(form, 'body_lacks');
  const retry = numbersIn(textIn(form, 'retry_status'));
  if (n8n && !retry.includes(N8N_RETRY)) retry.push(N8N_RETRY);
  const expect = {
    ...(status.length === 0 ? {} : { status }),
    ...(contains === '' ? {} : { body_contains: contains }),
    ...(lacks === '' ? {} : { body_lacks: lacks }),
  };
  return {
    allow_private: form.get('allow_private') !== null,
    ...(isEmpty(expect) ? {} : { expect }),
    ...(retry.length === 0 ? {} : { retry_status: retry }),
    ...text(form, 'header'),
    ...text(form, 'content_type'),
    ...number(form, 'timeout_seconds'),
    ...number(form, 'concurrency'),
    ...schedule(form),
    ...circuit(form),
  };
}

function text(form: FormData, name: string): Record<string, string> {
  const said = textIn(form, name);
  return said === '' ? {} : { [name]: said };
}

function number(form: FormData, name: string, as: string = name): Record<string, number> {
  const said = textIn(form, name);
  // What is no number is sent as it is meant, so that the server names the field.
  return said === '' ? {} : { [as]: Number(said) };
}

function schedule(form: FormData): { retry_seconds?: number[] } {
  const said = textIn(form, 'retry_seconds');
  if (said === '') return {};
  return { retry_seconds: said === 'none' ? [] : numbersIn(said) };
}

function circuit(form: FormData): { circuit?: Record<string, number> } {
  const said = {
    ...number(form, 'circuit_failures', 'failures'),
    ...number(form, 'circuit_open_seconds', 'open_seconds'),
  };
  return isEmpty(said) ? {} : { circuit: said };
}

/** `200, 202` as numbers; what is none is left out. */
export function numbersIn(said: string): number[] {
  return said
    .split(/[\s,]+/)
    .map(Number)
    .filter((each) => Number.isInteger(each) && each > 0);
}

export interface ShownSettings {
  allowPrivate: boolean;
  n8n: boolean;
  status: string;
  contains: string;
  lacks: string;
  retry: string;
  header: string;
  contentType: string;
  timeout: string;
  concurrency: string;
  schedule: string;
  failures: string;
  openSeconds: string;
}

/** What is stored, as far as the form knows it. */
export function settingsOf(stored: Record<string, unknown>): ShownSettings {
  const expect = record(stored['expect']);
  const rules = record(stored['circuit']);
  const lacks = said(expect['body_lacks']);
  const retry = listed(stored['retry_status']);
  const schedule = stored['retry_seconds'];
  return {
    allowPrivate: stored['allow_private'] === true,
    n8n: lacks === N8N_LACKS && numbersIn(retry).includes(N8N_RETRY),
    status: listed(expect['status']),
    contains: said(expect['body_contains']),
    lacks,
    retry,
    header: said(stored['header']),
    contentType: said(stored['content_type']),
    timeout: said(stored['timeout_seconds']),
    concurrency: said(stored['concurrency']),
    schedule: Array.isArray(schedule) && schedule.length === 0 ? 'none' : listed(schedule),
    failures: said(rules['failures']),
    openSeconds: said(rules['open_seconds']),
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function said(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function listed(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

/** The members of a version, but for its name. */
export function versionIn(form: FormData): {
  url: string;
  settings: TargetSettings;
  template: string;
  header_value?: string;
} {
  const value = textIn(form, 'header_value');
  return {
    url: textIn(form, 'url'),
    settings: settingsIn(form),
    template: templateIn(form),
    ...(value === '' ? {} : { header_value: value }),
  };
}

/** Byte for byte as it was typed: its digest is approved. */
function templateIn(form: FormData): string {
  const value = form.get('template');
  return typeof value === 'string' ? value.replaceAll('\r\n', '\n') : '';
}
