import { expect, test } from 'vitest';
import { bodyIn } from './ChannelDialog';
import { listIn } from './notice-words';

function formOf(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

test('a webhook names its target and no mail addresses', () => {
  const form = formOf({
    name: 'chat',
    kind: 'webhook',
    target: 'chat',
    recipients: 'left@over.example',
    'event:approval.opened': 'on',
    active: 'on',
  });
  expect(bodyIn(form, undefined)).toMatchObject({
    kind: 'webhook',
    target: 'chat',
    recipients: [],
    to_people: false,
    events: ['approval.opened'],
    active: true,
    with_payload: false,
  });
});

test('mail has addresses and no target', () => {
  const form = formOf({ name: 'ops', kind: 'email', recipients: 'a@x.example, b@x.example' });
  expect(bodyIn(form, undefined)).toMatchObject({
    target: null,
    recipients: ['a@x.example', 'b@x.example'],
    active: false,
  });
});

test('lists are read from lines and commas', () => {
  expect(listIn(' a, b\n\nc ,')).toEqual(['a', 'b', 'c']);
});
