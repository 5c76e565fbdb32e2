import { getRouteApi } from '@tanstack/react-router';
import type { ReactElement } from 'react';
import { isoOf, localOf, type AuditSearch } from './search';
import { FilterBar } from '@/shared/components/filter-bar';
import { FilterText } from '@/shared/components/filter-text';
import { compact } from '@/shared/search/params';

const route = getRouteApi('/t/$tenant/audit');

const TEXTS = [
  { name: 'action', label: 'Action begins with', placeholder: 'hold:' },
  { name: 'actor', label: 'Actor', placeholder: 'id' },
  { name: 'resource_type', label: 'Resource is a', placeholder: 'run' },
  { name: 'resource_id', label: 'Resource', placeholder: 'id' },
  { name: 'run', label: 'Run', placeholder: 'id' },
] as const;

export function AuditFilters({ search }: { search: AuditSearch }): ReactElement {
  const navigate = route.useNavigate();
  const set = (name: keyof AuditSearch, value: string | undefined): void =>
    void navigate({ search: (old) => compact({ ...old, [name]: value }), replace: true });
  return (
    <FilterBar
      label="Filter entries"
      active={Object.keys(search).length > 0}
      onClear={() => void navigate({ search: {} })}
    >
      {TEXTS.map(({ name, label, placeholder }) => (
        <FilterText
          key={name}
          label={label}
          placeholder={placeholder}
          value={search[name]}
          onChange={(value) => {
            set(name, value);
          }}
        />
      ))}
      <FilterText
        label="Sealed since"
        type="datetime-local"
        value={localOf(search.since)}
        onChange={(value) => {
          set('since', isoOf(value));
        }}
      />
      <FilterText
        label="Sealed until"
        type="datetime-local"
        value={localOf(search.until)}
        onChange={(value) => {
          set('until', isoOf(value));
        }}
      />
    </FilterBar>
  );
}
