import type { ReactElement } from 'react';
import { useChangePerson, usePersons, type PersonLine } from './persons';
import { PersonSessions } from './PersonSessions';
import { ConfirmDialog } from '@/shared/components/confirm-dialog';
import { FormDialog, textIn } from '@/shared/components/form-dialog';
import { SelectField } from '@/shared/components/form-field';
import { Button } from '@/shared/components/ui/button';
import { toast } from '@/shared/components/ui/toast';
import { useMe } from '@/shared/session/me';
import { useHasRole } from '@/shared/session/tenant';

/** For admins; never about oneself. */
export function PersonActions({ person }: { person: PersonLine }): ReactElement | null {
  const isAdmin = useHasRole('admin');
  const me = useMe();
  const isMe = person.issuer === me.issuer && person.subject === me.subject;
  if (!isAdmin || isMe) return null;
  return (
    <div className="flex flex-wrap justify-end gap-2">
      {person.kind === 'human' && <PersonSessions person={person} />}
      {person.removed_at === null ? <Remove person={person} /> : <Restore person={person} />}
    </div>
  );
}

function Remove({ person }: { person: PersonLine }): ReactElement {
  const change = useChangePerson();
  return (
    <FormDialog
      trigger={
        <Button size="small" aria-label={`Remove ${person.name}`}>
          Remove
        </Button>
      }
      title={`Remove ${person.name}?`}
      description="They may not act in this tenant any more, votes they lent end, and their sessions with it. What they did stays on record. Take them out of the groups of the identity provider too."
      confirm="Remove them"
      danger
      onSubmit={async (form) => {
        const heir = textIn(form, 'heir');
        await change.mutateAsync({
          id: person.id,
          change: 'remove',
          heir: heir === '' ? undefined : heir,
        });
        toast({ tone: 'ok', title: `${person.name} is removed` });
        return null;
      }}
    >
      <Heirs than={person} />
    </FormDialog>
  );
}

function Heirs({ than }: { than: PersonLine }): ReactElement {
  const persons = usePersons({});
  const others = (persons.data?.pages ?? [])
    .flatMap((page) => page.items)
    .filter((each) => each.id !== than.id && each.kind === 'human');
  return (
    <SelectField
      label="Who takes over the sources they own"
      name="heir"
      help="Whoever owns a source cannot approve what it sends."
    >
      <option value="">They own none</option>
      {others.map((each) => (
        <option key={each.id} value={each.id}>
          {each.name}
        </option>
      ))}
    </SelectField>
  );
}

function Restore({ person }: { person: PersonLine }): ReactElement {
  const change = useChangePerson();
  return (
    <ConfirmDialog
      trigger={
        <Button size="small" aria-label={`Restore ${person.name}`}>
          Restore
        </Button>
      }
      title={`Restore ${person.name}?`}
      confirm="Restore them"
      onConfirm={() => change.mutateAsync({ id: person.id, change: 'restore' })}
    >
      They may act in this tenant again, as their groups say.
    </ConfirmDialog>
  );
}
