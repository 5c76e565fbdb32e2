import type { ReactElement } from 'react';
import { Badge } from '@/shared/components/ui/badge';
import { Button } from '@/shared/components/ui/button';
import {
  Card,
  CardContent,
  CardDescription,
  CardFooter,
  CardHeader,
  CardTitle,
} from '@/shared/components/ui/card';
import { useMe } from '@/shared/session/me';
import { signOut } from '@/shared/session/sign-in';

export function MeCard(): ReactElement {
  const me = useMe();
  return (
    <Card aria-labelledby="me-title">
      <CardHeader>
        <CardTitle id="me-title">{me.name}</CardTitle>
        <CardDescription className="break-all">
          Known by {me.issuer} as <code>{me.subject}</code>
        </CardDescription>
      </CardHeader>
      <CardContent>
        <dl className="divide-y divide-line">
          {me.tenants.map((each) => (
            <div key={each.tenant} className="grid gap-1 py-2 first:pt-0 sm:grid-cols-[8rem_1fr]">
              <dt className="font-medium">{each.tenant}</dt>
              <dd className="space-y-1">
                <Words label="Roles" words={each.roles} none="no role" />
                <Words label="Votes count for" words={each.voting_groups} none="no group" />
              </dd>
            </div>
          ))}
        </dl>
      </CardContent>
      <CardFooter>
        <Button onClick={() => void signOut()}>Sign out</Button>
      </CardFooter>
    </Card>
  );
}

function Words({
  label,
  words,
  none,
}: {
  label: string;
  words: readonly string[];
  none: string;
}): ReactElement {
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      <span className="text-sm text-muted">{label}</span>
      {words.length === 0 && <span className="text-sm text-muted">{none}</span>}
      {words.map((word) => (
        <Badge key={word}>{word}</Badge>
      ))}
    </div>
  );
}
