import type { components } from '@/shared/api/schema';
import { ProblemError } from '@/shared/api/problem';
import { InputFault } from '@/shared/components/input-fault';

/** A source's allowlist of callbacks, as a form has it: a row an entry, in order. */

export type CallbackEntry = components['schemas']['CallbackEntry'];

export const MOST_ENTRIES = 20;

/** All of it; a row that says nothing is none. */
export function callbacksIn(form: FormData): CallbackEntry[] {
  const urls = form.getAll('callback_url').map(said);
  const targets = form.getAll('callback_target').map(said);
  const rows = urls.map((url, at) => ({ url, target: targets[at] ?? '' }));
  return rows.flatMap((row, at) => {
    if (row.url === '' && row.target === '') return [];
    if (row.url === '') throw new InputFault(`Address ${at + 1} is missing.`);
    if (row.target === '') throw new InputFault(`Choose the target that signs for ${row.url}.`);
    return [row];
  });
}

/** What the server says of `callbacks[0].url`, said of the row that people see. */
export function ofItsRow({ problem }: ProblemError): ProblemError {
  const detail = problem.detail.replace(
    /^callbacks\[(\d+)\]\.(url|target): /,
    (_, at: string, member: string) =>
      `Callback ${Number(at) + 1}, ${member === 'url' ? 'address' : 'target'}: `,
  );
  return new ProblemError({ ...problem, detail });
}

/** What lies under a target's address, as a beginning: without its query, which none may have. */
export function startOf(url: string): string {
  const parts = URL.parse(url);
  return parts === null ? '' : `${parts.origin}${parts.pathname}`;
}

function said(value: FormDataEntryValue): string {
  return typeof value === 'string' ? value.trim() : '';
}
