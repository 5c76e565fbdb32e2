import type { PersonsSearch } from './persons';
import { choiceParam, compact, textParam, type RawSearch } from '@/shared/search/params';

export function parsePersonsSearch(raw: RawSearch): PersonsSearch {
  return compact({
    q: textParam(raw, 'q'),
    removed: choiceParam(raw, 'removed', ['yes'] as const),
  });
}
