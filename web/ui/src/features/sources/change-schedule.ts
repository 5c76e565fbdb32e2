import { useMutation, useQueryClient } from '@tanstack/react-query';
import { fresh, request, type Edit } from './change';
import type { NewSchedule, Schedule, Timing, TimingRead } from './clock';
import { apiOf, read } from '@/shared/api/client';
import { useTenant } from '@/shared/session/tenant';

/** What adds a source that sends by the clock and changes it; and a look at when it would. */

export function useCreateSchedule() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewSchedule) => read(apiOf(tenant).POST('/v1/schedules', { body })),
    meta: { showsErrors: true },
    onSuccess: () => fresh(client, tenant),
  });
}

export function useChangeSchedule() {
  const tenant = useTenant();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ schedule, ...edit }: Edit & { schedule: Schedule }) =>
      read(
        apiOf(tenant).PUT('/v1/sources/{source_id}/schedule', {
          ...request(edit),
          body: schedule,
        }),
      ),
    meta: { showsErrors: true },
    onSettled: () => fresh(client, tenant),
  });
}

export function usePreviewSchedule() {
  const tenant = useTenant();
  return useMutation({
    // What was typed is read here, so that what is wrong with it is shown as an error of it.
    mutationFn: async (timing: () => Timing): Promise<TimingRead> => {
      const body = timing();
      const said = await read(apiOf(tenant).POST('/v1/schedules/preview', { body }));
      return { ...said, zone: body.zone ?? 'UTC' };
    },
    meta: { showsErrors: true },
  });
}
