/** What went wrong at the API: RFC 9457 problems as typed errors. */
import type { Problem } from './types';

/** A field of what was sent that is to be corrected. */
export interface FieldError {
  field: string;
  message: string;
}

/** `status` 0: no answer at all. `detail` says what to do, in the API's words; `fields`, where. */
export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly requestId?: string,
    readonly retryAfterSeconds?: number,
    readonly fields: readonly FieldError[] = [],
  ) {
    super(detail || title);
  }
}

/** Whether the same request may succeed later. */
export const isTransient = (error: ApiError): boolean =>
  error.status === 0 || error.status === 429 || error.status >= 500;

export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

interface Failed {
  response: Response;
  json?: unknown;
}

/** The console's HttpError, by its shape: another copy of the SDK has another class. */
const isFailed = (error: unknown): error is Failed =>
  typeof error === 'object' && error !== null && 'response' in error && error.response instanceof Response;

export const failedResponse = (error: unknown): Response | undefined => (isFailed(error) ? error.response : undefined);

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && typeof (body as { title?: unknown }).title === 'string';

/** A problem names one field, or several. */
const fieldsOf = (
  problem: (Problem & { field?: string; errors?: FieldError[] }) | undefined,
): readonly FieldError[] => {
  if (problem?.errors) return problem.errors;
  return problem?.field ? [{ field: problem.field, message: problem.detail ?? problem.title }] : [];
};

const problemOf = (error: Failed): Problem | undefined => (isProblem(error.json) ? error.json : undefined);

/** Whatever consoleFetch threw. An abort is not an error of the API: pass those on before. */
export const apiError = (error: unknown): ApiError => {
  if (error instanceof ApiError) return error;
  if (isFailed(error)) {
    const problem = problemOf(error);
    const after = Number(error.response.headers.get('Retry-After'));
    return new ApiError(
      error.response.status,
      problem?.title ?? error.response.statusText,
      problem?.detail ?? '',
      problem?.requestId,
      after > 0 ? after : undefined,
      fieldsOf(problem),
    );
  }
  return new ApiError(0, error instanceof Error ? error.message : String(error), '');
};
