import { expect, test } from 'vitest';
import { settingsIn, settingsOf } from './settings-form';

function formOf(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

test('a form left empty asks for nothing but a 2xx on a public address', () => {
  expect(settingsIn(formOf({ status: '', body_contains: '', retry_status: '' }))).toEqual({
    allow_private: false,
  });
});

test('what is stored comes back from the form as it was', () => {
  const stored = {
    allow_private: true,
    expect: { status: [200, 202], body_contains: 'ok' },
    retry_status: [409],
  };
  const shown = settingsOf(stored);
  const form = formOf({
    allow_private: 'on',
    status: shown.status,
    body_contains: shown.contains,
    retry_status: shown.retry,
  });
  expect(settingsIn(form)).toEqual(stored);
});

test('settings of another shape than known show nothing', () => {
  expect(settingsOf({ expect: null, retry_status: 'x' })).toEqual({
    allowPrivate: false,
    status: '',
    contains: '',
    retry: '',
  });
});
