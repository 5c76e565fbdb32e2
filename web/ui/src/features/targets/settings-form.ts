import type { TargetSettings } from './change';
import { textIn } from '@/shared/components/form-dialog';

/** What a form says of a target's settings, and back. */

export function settingsIn(form: FormData): TargetSettings {
  const status = statusesIn(textIn(form, 'status'));
  const contains = textIn(form, 'body_contains');
  const retry = statusesIn(textIn(form, 'retry_status'));
  return {
    allow_private: form.get('allow_private') !== null,
    ...(status.length === 0 && contains === ''
      ? {}
      : {
          expect: {
            ...(status.length === 0 ? {} : { status }),
            ...(contains === '' ? {} : { body_contains: contains }),
          },
        }),
    ...(retry.length === 0 ? {} : { retry_status: retry }),
  };
}

/** `200, 202` as numbers; what is none is left out. */
export function statusesIn(text: string): number[] {
  return text
    .split(/[\s,]+/)
    .map(Number)
    .filter((each) => Number.isInteger(each) && each > 0);
}

/** What is stored, as far as the form knows it. */
export function settingsOf(stored: Record<string, unknown>): {
  allowPrivate: boolean;
  status: string;
  contains: string;
  retry: string;
} {
  const expect = isRecord(stored['expect']) ? stored['expect'] : {};
  return {
    allowPrivate: stored['allow_private'] === true,
    status: listed(expect['status']),
    contains: typeof expect['body_contains'] === 'string' ? expect['body_contains'] : '',
    retry: listed(stored['retry_status']),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function listed(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : '';
}
