import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

export const YES_NO = ['yes', 'no'] as const;

export interface SourcesSearch {
  q?: string;
  active?: (typeof YES_NO)[number];
}

export function parseSourcesSearch(raw: RawSearch): SourcesSearch {
  return compact({ q: textParam(raw, 'q'), active: choiceParam(raw, 'active', YES_NO) });
}
