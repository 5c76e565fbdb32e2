import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState, type ReactElement } from 'react';
import { CodeBlock } from './code-block';
import { ProblemNotice } from './problem-notice';
import {
  Dialog,
  DialogContent,
  DialogDescription,
  DialogHeader,
  DialogTitle,
  DialogTrigger,
} from './ui/dialog';
import { Button } from './ui/button';
import { SkeletonLines } from './ui/skeleton';
import { apiOf, read } from '@/shared/api/client';
import { tenantKey } from '@/shared/api/query-client';
import { useTenant } from '@/shared/session/tenant';
import { bytesText } from '@/shared/text/amounts';

/** GET /v1/deliveries/{delivery_id}, when somebody looks. */
export function DeliveryAnswer({ id, bytes }: { id: string; bytes: number }): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <Dialog open={open} onOpenChange={setOpen}>
      <DialogTrigger asChild>
        <Button size="small" variant="ghost">
          {bytesText(bytes)}
        </Button>
      </DialogTrigger>
      <DialogContent>
        <DialogHeader>
          <DialogTitle>What it answered</DialogTitle>
          <DialogDescription>The first 64 KiB, as text.</DialogDescription>
        </DialogHeader>
        {open && <Answer id={id} />}
      </DialogContent>
    </Dialog>
  );
}

function Answer({ id }: { id: string }): ReactElement {
  const tenant = useTenant();
  const { data, error } = useQuery(
    queryOptions({
      queryKey: [...tenantKey(tenant), 'deliveries', id],
      queryFn: ({ signal }) =>
        read(
          apiOf(tenant).GET('/v1/deliveries/{delivery_id}', {
            params: { path: { delivery_id: id } },
            signal,
          }),
        ),
    }),
  );
  if (error !== null) return <ProblemNotice error={error} />;
  if (data === undefined) return <SkeletonLines lines={4} />;
  return <CodeBlock text={data.response ?? ''} label="Answer" wrap />;
}
