import type { ReactElement } from 'react';
import { fieldOf, shownValue, type Scheme, type SchemeSetting } from './schemes';
import { LongTextField, SelectField, TextField } from '@/shared/components/form-field';

/** The settings of a scheme, each as a field of its kind. */
export function SchemeFields({
  scheme,
  values = {},
}: {
  scheme: Scheme;
  /** As they are now; defaults without. */
  values?: Record<string, unknown>;
}): ReactElement {
  const needed = scheme.settings.filter((each) => each.required);
  const others = scheme.settings.filter((each) => !each.required);
  const field = (each: SchemeSetting): ReactElement => (
    <One key={`${scheme.name}.${each.name}`} setting={each} value={values[each.name]} />
  );
  return (
    <>
      {needed.map(field)}
      {others.length > 3 ? (
        <details>
          <summary className="min-h-6 text-accent">More settings</summary>
          <div className="mt-3 space-y-4">{others.map(field)}</div>
        </details>
      ) : (
        others.map(field)
      )}
    </>
  );
}

function One({ setting, value }: { setting: SchemeSetting; value: unknown }): ReactElement {
  const common = {
    label: setting.label,
    name: fieldOf(setting),
    help: setting.help,
    required: setting.required,
    defaultValue: shownValue(value ?? setting.default),
  };
  if (setting.kind === 'choice')
    return (
      <SelectField {...common}>
        {setting.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </SelectField>
    );
  if (setting.kind === 'list') return <LongTextField {...common} rows={3} />;
  if (setting.kind === 'number')
    return <TextField {...common} type="number" min={setting.least} max={setting.most} />;
  return <TextField {...common} maxLength={500} autoComplete="off" />;
}
