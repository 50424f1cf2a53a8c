/** Why a request did not succeed. */

import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** The API said no, in a problem document. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** Nothing answered. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";

  constructor(cause: unknown) {
    super("nothing answers", { cause });
  }
}

/** The problem document in an answer, or one made of its status where something other than the API answered. */
export function problemOf(body: unknown, response: Pick<Response, "status" | "statusText" | "headers">): Problem {
  if (isProblem(body)) return body;
  return {
    type: "about:blank",
    title: response.statusText || `HTTP ${response.status}`,
    status: response.status,
    detail: response.statusText || `HTTP ${response.status}`,
    code: "unexpected",
    request_id: response.headers.get("x-request-id") ?? "",
    timestamp: new Date().toISOString(),
  };
}

function isProblem(body: unknown): body is Problem {
  const members = body as Partial<Record<keyof Problem, unknown>> | null;
  return (
    typeof members === "object" &&
    members !== null &&
    typeof members.code === "string" &&
    typeof members.detail === "string" &&
    typeof members.status === "number"
  );
}

/** Whether asking again may help: nothing answered, or what answered is not ready. */
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refusal && [502, 503, 504].includes(error.problem.status));
}
