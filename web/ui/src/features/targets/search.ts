import { compact, textParam, type RawSearch } from '@/shared/search/params';

export interface TargetsSearch {
  q?: string;
}

export function parseTargetsSearch(raw: RawSearch): TargetsSearch {
  return compact({ q: textParam(raw, 'q') });
}
