import type { Source } from './sources';

type Kind = Source['refusals'][number]['kind'];

/** What was turned away, in a few words, and what to do about it. */
export const REFUSALS: Record<Kind, { title: string; todo: string }> = {
  'signature-missing': {
    title: 'Not signed',
    todo: 'The sender does not sign, or sends other headers than its scheme has. The last ones say which is missing.',
  },
  'secret-missing': {
    title: 'There is no secret yet',
    todo: 'Rotate the secret: enter the one its sender shows, or have one made.',
  },
  'caller-not-allowed': {
    title: 'Somebody else',
    todo: 'Who sent it is known and not on the list. Add the subject to the settings, if it is the right one.',
  },
  'settings-invalid': {
    title: 'Its settings do not count',
    todo: 'Open its settings and save them anew; the last ones say which is wrong.',
  },
  'signature-wrong': {
    title: 'Wrongly signed',
    todo: 'The sender signs with another secret, or something between changes the body. Compare the secret; rotate it if in doubt. If you do not know the sender, somebody is trying.',
  },
  'timestamp-out-of-range': {
    title: 'Too old or too new',
    todo: 'The clock of the sender is wrong, or it sends events again long after. Check its clock.',
  },
  'source-inactive': {
    title: 'Sent while switched off',
    todo: 'Activate the source, or have the sender stop.',
  },
  'body-invalid': {
    title: 'Not what we can read',
    todo: 'The body is not what its Content-Type says: a JSON object, a form, a CloudEvent.',
  },
  'body-not-taken': {
    title: 'Not what it takes',
    todo: 'Add the kind of body to what the source takes, or have its sender send less.',
  },
  'event-id-missing': {
    title: 'Without its id',
    todo: 'The place of the id is in what the source takes. Correct it, or have the sender put an id there.',
  },
  'callback-not-allowed': {
    title: 'Callback not allowed',
    todo: 'Put the address on the list of callbacks of the source, or have its sender name one that is.',
  },
  'mapping-failed': {
    title: 'Could not be mapped',
    todo: 'The last ones name the rule and the place in it. Try the mapping with such an event, and change it.',
  },
  'rate-exceeded': {
    title: 'Too many at once',
    todo: 'It was told when to come back. Raise its rate, if so many are right.',
  },
  ignored: {
    title: 'No rule takes it',
    todo: 'Nothing, or add a rule.',
  },
  'id-reused': {
    title: 'An id used twice',
    todo: 'The sender gave two different events the same webhook-id. Each event needs its own.',
  },
};
