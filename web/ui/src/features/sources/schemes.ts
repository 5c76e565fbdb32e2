import { queryOptions, useQuery } from '@tanstack/react-query';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import type { components } from '@/shared/api/schema';
import { textIn } from '@/shared/components/form-dialog';
import { useTenant } from '@/shared/session/tenant';

export type Scheme = components['schemas']['SchemeView'];
export type SchemeSetting = components['schemas']['SchemeSetting'];
export type SchemeName = Scheme['name'];
export type Settings = Record<string, string | number | string[]>;

/** GET /v1/source-schemes: the ways a source can prove who it is. */
export function useSchemes() {
  const tenant = useTenant();
  return useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'source-schemes'],
      queryFn: async ({ signal }) =>
        (await read(apiOf(tenant).GET('/v1/source-schemes', { signal }))).items,
      staleTime: Infinity,
    }),
  );
}

/** A field's name in a form, so that a setting cannot be taken for another field. */
export function fieldOf(setting: SchemeSetting): string {
  return `setting.${setting.name}`;
}

/** What a form says of a scheme's settings; what is empty stays at its default. */
export function settingsIn(form: FormData, scheme: Scheme): Settings {
  const found: Settings = {};
  for (const setting of scheme.settings) {
    const text =
      setting.kind === 'list' || setting.name === 'prefix'
        ? rawIn(form, fieldOf(setting))
        : textIn(form, fieldOf(setting));
    if (text.trim() === '') continue;
    if (setting.kind === 'number') found[setting.name] = Number(text);
    else if (setting.kind === 'list') found[setting.name] = linesOf(text);
    else found[setting.name] = text;
  }
  return found;
}

/** A setting's value as a field shows it. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

// A prefix such as `Bearer ` ends with a space that counts.
function rawIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
