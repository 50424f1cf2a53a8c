/** `/health` stands outside the versioned API and its document, so its shape is checked here. */

import { Unreachable } from "./refusal";

export const CHECKS = ["database", "redis", "storage", "search", "mail"] as const;
export type CheckName = (typeof CHECKS)[number];
export type CheckStatus = "up" | "down" | "disabled";

export interface Check {
  status: CheckStatus;
  latencyMs: number | undefined;
}

export interface Health {
  version: string;
  uptimeSeconds: number;
  checks: Partial<Record<CheckName, Check>>;
}

/** How the API and what it depends on are. A dependency that is down is an answer too, with the status 503. */
export async function fetchHealth(signal?: AbortSignal): Promise<Health> {
  let response: Response;
  try {
    response = await fetch("/health", { headers: { accept: "application/json" }, ...(signal && { signal }) });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Unreachable(cause);
  }
  const health = readHealth(await response.json().catch(() => undefined));
  if (!health) throw new Unreachable(`/health answered ${response.status} without a report`);
  return health;
}

/** The report in a parsed body; nothing for anything else. */
export function readHealth(body: unknown): Health | undefined {
  if (!isRecord(body) || !isRecord(body.checks)) return undefined;
  const checks: Health["checks"] = {};
  for (const name of CHECKS) {
    const check = body.checks[name];
    if (!isRecord(check)) continue;
    const status = check.status;
    if (status !== "up" && status !== "down" && status !== "disabled") continue;
    checks[name] = { status, latencyMs: typeof check.latency_ms === "number" ? check.latency_ms : undefined };
  }
  return {
    version: typeof body.version === "string" ? body.version : "",
    uptimeSeconds: typeof body.uptime_seconds === "number" ? body.uptime_seconds : 0,
    checks,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
