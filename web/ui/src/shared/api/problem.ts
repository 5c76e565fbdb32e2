import type { components } from './schema';

/** What the server says went wrong (RFC 9457), with whatever members this kind of problem adds. */
export type Problem = components['schemas']['Problem'] & Record<string, unknown>;

const PREFIX = 'urn:awgp:problem:';

/** An answer that is not a success. Compare `name` of the problem; show `message`. */
export class ProblemError extends Error {
  readonly problem: Problem;
  readonly status: number;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ProblemError';
    this.problem = problem;
    this.status = problem.status;
  }

  /** The problem's short name, as docs/reference/problems.md lists it: `approval-expired`. */
  get slug(): string {
    return this.problem.type.startsWith(PREFIX)
      ? this.problem.type.slice(PREFIX.length)
      : this.problem.type;
  }

  /** What is wrong with one field of a form, where the server names it; said beside the field. */
  fieldError(field: string): string | undefined {
    const listed = this.problem.errors?.find((each) => each.field === field);
    const detail =
      listed?.detail ?? (this.problem.field === field ? this.problem.detail : undefined);
    return detail?.startsWith(`${field}: `) === true ? detail.slice(field.length + 2) : detail;
  }
}

export function isProblem(error: unknown, slug?: string): error is ProblemError {
  return error instanceof ProblemError && (slug === undefined || error.slug === slug);
}

/** The problem in an answer; where something in between answered, what its status says. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  if (isBody(body)) return body;
  return {
    type: 'about:blank',
    title: response.statusText || `Status ${response.status}`,
    status: response.status,
    detail:
      response.status >= 500
        ? 'The server cannot answer now. Try again in a moment.'
        : `The server answered with status ${response.status}.`,
  };
}

function isBody(body: unknown): body is Problem {
  return (
    typeof body === 'object' &&
    body !== null &&
    'type' in body &&
    'status' in body &&
    'detail' in body &&
    typeof body.detail === 'string'
  );
}
