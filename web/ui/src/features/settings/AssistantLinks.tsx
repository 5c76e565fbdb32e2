import { Link } from '@tanstack/react-router';
import { Fragment, type ReactElement } from 'react';
import { useTenant } from '@/shared/session/tenant';

/** Names of assistants, each leading to its page. */
export function AssistantLinks({ names }: { names: readonly string[] }): ReactElement {
  const tenant = useTenant();
  return (
    <>
      {names.map((name, at) => (
        <Fragment key={name}>
          {at > 0 && ', '}
          <Link
            to="/t/$tenant/assistants/$assistant"
            params={{ tenant, assistant: name }}
            className="text-accent underline underline-offset-2"
          >
            {name}
          </Link>
        </Fragment>
      ))}
    </>
  );
}
