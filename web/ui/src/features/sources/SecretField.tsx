import type { ReactElement } from 'react';
import type { Scheme } from './schemes';
import { TextField } from '@/shared/components/form-field';

/** A secret that the sender has already; nothing where the scheme has none. */
export function SecretField({
  scheme,
  required = false,
}: {
  scheme: Scheme;
  required?: boolean;
}): ReactElement | null {
  if (scheme.secret === 'none') return null;
  const made = scheme.secret === 'made-here';
  return (
    <TextField
      label={made ? 'Secret, if the sender has one already' : 'Secret of the sender'}
      name="secret"
      type="password"
      autoComplete="off"
      maxLength={2048}
      required={required && !made}
      placeholder={scheme.secret_hint ?? ''}
      help={
        made
          ? 'Left empty, one is made and told once.'
          : required
            ? scheme.where
            : `${scheme.where} Until it is entered, everything is refused.`
      }
    />
  );
}
