import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

export const LIST_TABS = ['versions', 'rules'] as const;
export interface PoliciesSearch {
  tab?: 'rules';
}

export function parsePoliciesSearch(raw: RawSearch): PoliciesSearch {
  return compact({ tab: choiceParam(raw, 'tab', ['rules'] as const) });
}

export const VERSION_TABS = ['source', 'diff', 'tests', 'explain', 'dry-run'] as const;
export type VersionTab = (typeof VERSION_TABS)[number];
export interface VersionSearch {
  tab?: VersionTab;
}

export function parseVersionSearch(raw: RawSearch): VersionSearch {
  return compact({ tab: choiceParam(raw, 'tab', VERSION_TABS) });
}

/** `/policies/edit?from=3`: what the new version begins as. */
export interface EditSearch {
  from?: number;
}

export function parseEditSearch(raw: RawSearch): EditSearch {
  const from = Number(textParam(raw, 'from'));
  return compact({ from: Number.isSafeInteger(from) && from > 0 ? from : undefined });
}
