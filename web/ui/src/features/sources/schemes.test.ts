import { expect, test } from 'vitest';
import { settingsIn, shownValue, type Scheme, type SchemeSetting } from './schemes';

function setting(name: string, kind: SchemeSetting['kind']): SchemeSetting {
  return {
    name,
    kind,
    label: name,
    help: '',
    required: false,
    default: null,
    choices: [],
    least: 0,
    most: 0,
  };
}

const SCHEME: Scheme = {
  name: 'mtls',
  title: 'X',
  where: '',
  guide: '',
  secret: 'none',
  secret_hint: null,
  settings: [
    setting('subjects', 'list'),
    setting('tolerance_seconds', 'number'),
    setting('prefix', 'text'),
    setting('header', 'header'),
    setting('url', 'text'),
  ],
};

test('a form is read by the kinds of its settings, and what is empty is not sent', () => {
  const form = new FormData();
  form.set('setting.subjects', ' CN=a \n\nCN=b\n');
  form.set('setting.tolerance_seconds', '60');
  form.set('setting.prefix', 'Bearer ');
  form.set('setting.header', ' X-Signature ');
  form.set('setting.url', ' ');
  expect(settingsIn(form, SCHEME)).toEqual({
    subjects: ['CN=a', 'CN=b'],
    tolerance_seconds: 60,
    prefix: 'Bearer ',
    header: 'X-Signature',
  });
});

test('a value is shown as a field takes it', () => {
  expect(shownValue(['CN=a', 'CN=b'])).toBe('CN=a\nCN=b');
  expect(shownValue(300)).toBe('300');
  expect(shownValue(null)).toBe('');
});
