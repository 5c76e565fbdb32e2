import { compact, textParam, type RawSearch } from '@/shared/search/params';

/** What the address of the list says; times are RFC 3339. */
export interface AuditSearch {
  action?: string;
  actor?: string;
  resource_type?: string;
  resource_id?: string;
  run?: string;
  since?: string;
  until?: string;
}

export function parseAuditSearch(raw: RawSearch): AuditSearch {
  return compact({
    action: textParam(raw, 'action'),
    actor: textParam(raw, 'actor'),
    resource_type: textParam(raw, 'resource_type'),
    resource_id: textParam(raw, 'resource_id'),
    run: textParam(raw, 'run'),
    since: moment(textParam(raw, 'since')),
    until: moment(textParam(raw, 'until')),
  });
}

function moment(text: string | undefined): string | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

/** What `datetime-local` shows for a moment, in this place's time; and back. */
export function localOf(iso: string | undefined): string | undefined {
  if (iso === undefined) return undefined;
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function isoOf(local: string | undefined): string | undefined {
  return moment(local);
}
