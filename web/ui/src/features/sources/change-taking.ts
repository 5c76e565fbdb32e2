import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { CallbackEntry } from './callbacks';
import { fresh, request, type Edit } from './change';
import type { Intake, Mapping, Sample } from './taking';
import { apiOf, read } from '@/shared/api/client';
import { useTenant } from '@/shared/session/tenant';

/** What changes what a source takes, what becomes of it and who is told; a look at what would. */

export function useChangeIntake() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ intake, ...edit }: Edit & { intake: Intake }) =>
      read(
        apiOf(tenant).PUT('/v1/sources/{source_id}/intake', { ...request(edit), body: { intake } }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useChangeCallbacks() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ callbacks, ...edit }: Edit & { callbacks: CallbackEntry[] }) =>
      read(
        apiOf(tenant).PUT('/v1/sources/{source_id}/callbacks', {
          ...request(edit),
          body: { callbacks },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useChangeMapping() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ mapping, ...edit }: Edit & { mapping: Mapping }) =>
      read(
        apiOf(tenant).PUT('/v1/sources/{source_id}/mapping', {
          ...request(edit),
          body: { mapping },
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useEndMapping() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: Edit) =>
      read(apiOf(tenant).DELETE('/v1/sources/{source_id}/mapping', request(edit))),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function useTryMapping(id: string) {
  const tenant = useTenant();
  return useMutation({
    // What was typed is read here, so that what is wrong with it is shown as an error of it.
    mutationFn: async (sample: () => Sample) =>
      (
        await read(
          apiOf(tenant).POST('/v1/sources/{source_id}/mapping-tests', {
            params: { path: { source_id: id } },
            body: sample(),
          }),
        )
      ).events,
    meta: { showsErrors: true },
  });
}
