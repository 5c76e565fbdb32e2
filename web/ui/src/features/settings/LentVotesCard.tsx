import { Link } from '@tanstack/react-router';
import { HandHelping } from 'lucide-react';
import type { ReactElement } from 'react';
import { Button } from '@/shared/components/ui/button';
import {
  Card,
  CardDescription,
  CardFooter,
  CardHeader,
  CardTitle,
} from '@/shared/components/ui/card';
import { useTenant } from '@/shared/session/tenant';

export function LentVotesCard(): ReactElement {
  const tenant = useTenant();
  return (
    <Card aria-labelledby="lent-votes-title">
      <CardHeader>
        <CardTitle id="lent-votes-title">Lent votes</CardTitle>
        <CardDescription>
          While you are away, let a colleague vote in your place, until a time you set.
        </CardDescription>
      </CardHeader>
      <CardFooter className="border-t-0">
        <Button asChild>
          <Link to="/t/$tenant/delegations" params={{ tenant }}>
            <HandHelping aria-hidden />
            Lend my vote
          </Link>
        </Button>
      </CardFooter>
    </Card>
  );
}
