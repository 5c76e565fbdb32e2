import { expect, test } from 'vitest';
import { settingsIn, settingsOf, versionIn } from './settings-form';

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
    expect: { status: [200, 202], body_contains: 'ok', body_lacks: 'busy' },
    retry_status: [409],
    header: 'X-Key',
    content_type: 'text/plain',
    timeout_seconds: 5,
    concurrency: 2,
    retry_seconds: [5, 60],
    circuit: { failures: 3, open_seconds: 10 },
  };
  const shown = settingsOf(stored);
  const form = formOf({
    allow_private: 'on',
    status: shown.status,
    body_contains: shown.contains,
    body_lacks: shown.lacks,
    retry_status: shown.retry,
    header: shown.header,
    content_type: shown.contentType,
    timeout_seconds: shown.timeout,
    concurrency: shown.concurrency,
    retry_seconds: shown.schedule,
    circuit_failures: shown.failures,
    circuit_open_seconds: shown.openSeconds,
  });
  expect(settingsIn(form)).toEqual(stored);
});

test('N8N is one tick, and stays one', () => {
  const stored = settingsIn(formOf({ n8n: 'on', retry_status: '409' }));
  expect(stored).toEqual({
    allow_private: false,
    expect: { body_lacks: 'n8n is starting up' },
    retry_status: [409, 404],
  });
  expect(settingsOf({ ...stored }).n8n).toBe(true);
});

test('no retry is another thing than the usual ones', () => {
  expect(settingsIn(formOf({ retry_seconds: 'none' }))).toMatchObject({ retry_seconds: [] });
  expect(settingsOf({ retry_seconds: [] }).schedule).toBe('none');
});

test('settings of another shape than known show nothing', () => {
  const shown = settingsOf({ expect: null, retry_status: 'x', circuit: 7, header: {} });
  expect(Object.values(shown).every((each) => each === '' || each === false)).toBe(true);
});

test('a template is kept as it was typed, and a value only where there is one', () => {
  const form = formOf({ url: ' https://a ', template: ' {"a":\r\n1} ', header_value: '' });
  expect(versionIn(form)).toEqual({
    url: 'https://a',
    settings: { allow_private: false },
    template: ' {"a":\n1} ',
  });
});
