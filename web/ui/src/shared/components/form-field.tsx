import { useId, type ComponentProps, type ReactElement, type ReactNode } from 'react';
import { Checkbox } from './ui/checkbox';
import { Input } from './ui/input';
import { Label } from './ui/label';
import { Select } from './ui/select';
import { Textarea } from './ui/textarea';

interface Named {
  label: string;
  help?: ReactNode;
}

function Framed({
  id,
  label,
  help,
  children,
}: Named & { id: string; children: ReactNode }): ReactElement {
  return (
    <div className="space-y-1">
      <Label htmlFor={id}>{label}</Label>
      {children}
      {help !== undefined && (
        <p id={`${id}-help`} className="text-sm text-muted">
          {help}
        </p>
      )}
    </div>
  );
}

function described(id: string, help: ReactNode): { 'aria-describedby'?: string } {
  return help === undefined ? {} : { 'aria-describedby': `${id}-help` };
}

export function TextField({
  label,
  help,
  ...rest
}: Named & ComponentProps<typeof Input>): ReactElement {
  const id = useId();
  return (
    <Framed id={id} label={label} help={help}>
      <Input id={id} {...described(id, help)} {...rest} />
    </Framed>
  );
}

export function LongTextField({
  label,
  help,
  ...rest
}: Named & ComponentProps<typeof Textarea>): ReactElement {
  const id = useId();
  return (
    <Framed id={id} label={label} help={help}>
      <Textarea id={id} {...described(id, help)} {...rest} />
    </Framed>
  );
}

export function SelectField({
  label,
  help,
  children,
  ...rest
}: Named & ComponentProps<typeof Select>): ReactElement {
  const id = useId();
  return (
    <Framed id={id} label={label} help={help}>
      <Select id={id} className="w-full" {...described(id, help)} {...rest}>
        {children}
      </Select>
    </Framed>
  );
}

export function CheckField({
  label,
  help,
  ...rest
}: Named & ComponentProps<typeof Checkbox>): ReactElement {
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
