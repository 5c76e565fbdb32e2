import { useId, type ComponentProps, type ReactElement, type ReactNode } from 'react';
import { Checkbox } from './ui/checkbox';
import { Input } from './ui/input';
import { Label } from './ui/label';
import { Select } from './ui/select';
import { Textarea } from './ui/textarea';

interface Named {
  label: string;
  help?: ReactNode;
  /** What is wrong with what was typed, said at the field. */
  error?: string | undefined;
}

function Framed({
  id,
  label,
  help,
  error,
  children,
}: Named & { id: string; children: ReactNode }): ReactElement {
  return (
    <div className="space-y-1">
      <Label htmlFor={id}>{label}</Label>
      {children}
      <FieldNotes id={id} help={help} error={error} />
    </div>
  );
}

/** Below a field: what it takes, and what is wrong with what it has. */
export function FieldNotes({
  id,
  help,
  error,
}: Pick<Named, 'help' | 'error'> & { id: string }): ReactElement {
  return (
    <>
      {error !== undefined && (
        <p id={`${id}-error`} className="text-sm font-medium text-bad">
          {error}
        </p>
      )}
      {help !== undefined && (
        <p id={`${id}-help`} className="text-sm text-muted">
          {help}
        </p>
      )}
    </>
  );
}

/** What ties a field to its `FieldNotes`. */
export function described(
  id: string,
  help: ReactNode,
  error?: string,
): { 'aria-describedby'?: string; 'aria-invalid'?: true } {
  const notes = [
    ...(error === undefined ? [] : [`${id}-error`]),
    ...(help === undefined ? [] : [`${id}-help`]),
  ];
  return {
    ...(notes.length === 0 ? {} : { 'aria-describedby': notes.join(' ') }),
    ...(error === undefined ? {} : { 'aria-invalid': true }),
  };
}

export function TextField({
  label,
  help,
  error,
  ...rest
}: Named & ComponentProps<typeof Input>): ReactElement {
  const id = useId();
  return (
    <Framed id={id} label={label} help={help} error={error}>
      <Input id={id} {...described(id, help, error)} {...rest} />
    </Framed>
  );
}

export function LongTextField({
  label,
  help,
  error,
  ...rest
}: Named & ComponentProps<typeof Textarea>): ReactElement {
  const id = useId();
  return (
    <Framed id={id} label={label} help={help} error={error}>
      <Textarea id={id} {...described(id, help, error)} {...rest} />
    </Framed>
  );
}

export function SelectField({
  label,
  help,
  error,
  children,
  ...rest
}: Named & ComponentProps<typeof Select>): ReactElement {
  const id = useId();
  return (
    <Framed id={id} label={label} help={help} error={error}>
      <Select id={id} className="w-full" {...described(id, help, error)} {...rest}>
        {children}
      </Select>
    </Framed>
  );
}

export function CheckField({
  label,
  help,
  ...rest
}: Omit<Named, 'error'> & ComponentProps<typeof Checkbox>): ReactElement {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <Checkbox id={id} {...described(id, help)} {...rest} />
      <div>
        <Label htmlFor={id}>{label}</Label>
        {help !== undefined && (
          <p id={`${id}-help`} className="text-sm text-muted">
            {help}
          </p>
        )}
      </div>
    </div>
  );
}

const LONGEST_REASON = 500;

/** Why; it stays in the audit trail. */
export function ReasonField({
  help = 'It stays in the audit trail.',
}: {
  help?: string;
}): ReactElement {
  return (
    <LongTextField label="Reason" name="reason" required maxLength={LONGEST_REASON} help={help} />
  );
}
