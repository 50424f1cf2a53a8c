/** What the screens ask for, and how often they ask again. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { answered, client, type Backup, type Email, type MediaCategory, type MediaState, type SignIn } from "./client";
import { CHECKS, fetchHealth, type Health } from "./health";

export const BUSY_MS = 1_500;
export const QUIET_MS = 10_000;
const HEALTH_MS = 5_000;
/** While something does not answer: its return should not go unnoticed for long. */
const DOWN_MS = 2_000;

/** Which files, and from where on. */
export interface MediaFilter {
  state?: MediaState | undefined;
  category?: MediaCategory | undefined;
  cursor?: string | undefined;
}

export const PAGE_LENGTH = 20;

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: ({ signal }) => fetchHealth(signal),
  refetchInterval: ({ state }) => (state.status === "error" || isPartDown(state.data) ? DOWN_MS : HEALTH_MS),
});

function isPartDown(health: Health | undefined): boolean {
  return CHECKS.some((name) => health?.checks[name]?.status === "down");
}

/** A page of files; often while something on it is in the making, else now and then. */
export function mediaQuery(filter: MediaFilter, length: number = PAGE_LENGTH) {
  return queryOptions({
    queryKey: ["media", filter, length],
    queryFn: ({ signal }) =>
      answered(client.GET("/api/v1/media", { params: { query: { ...given(filter), per_page: length } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.data.some((media) => media.state === "processing") ? BUSY_MS : QUIET_MS,
  });
}

/** The parts of a filter that are there. */
function given({ state, category, cursor }: MediaFilter) {
  return { ...(state && { state }), ...(category && { category }), ...(cursor && { cursor }) };
}

/** One file, until everything that is made of it is there. */
export function mediumQuery(id: string) {
  return queryOptions({
    queryKey: ["medium", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/media/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === "processing" ? BUSY_MS : false),
  });
}

/** One backup with its drills, until nothing of it is under way. */
export function backupQuery(id: string) {
  return queryOptions({
    queryKey: ["backup", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/backups/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isUnderWay(state.data) ? BUSY_MS : QUIET_MS),
  });
}

function isUnderWay({ state, drills = [] }: Backup): boolean {
  return [state, ...drills.map((drill) => drill.state)].some((one) => one === "waiting" || one === "running");
}

/** One e-mail, until each recipient has an outcome. */
export function emailQuery(id: string) {
  return queryOptions({
    queryKey: ["email", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/emails/{id}", { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isOnItsWay(state.data) ? BUSY_MS : QUIET_MS),
  });
}

function isOnItsWay({ recipients }: Email): boolean {
  return recipients.some(({ state }) => ["queued", "sending", "deferred"].includes(state));
}

/** What an e-mail says. It never changes. */
export function emailPreviewQuery(id: string) {
  return queryOptions({
    queryKey: ["email", id, "preview"],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/emails/{id}/preview", { params: { path: { id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** A report, until it is made. */
export function reportQuery(id: string) {
  return queryOptions({
    queryKey: ["report", id],
    queryFn: ({ signal }) => answered(client.GET("/api/v1/reports/{id}", { params: { path: { id } }, signal })),
    // A schedule's job has no report before its worker begins.
    retry: false,
    refetchInterval: ({ state }) => (!state.data || state.data.state === "queued" ? BUSY_MS : false),
  });
}

/** Sends one file. The same `idempotencyKey` makes a repeated attempt the same upload. */
export function upload(file: File, idempotencyKey: string) {
  return answered(
    client.POST("/api/v1/media", {
      params: { header: { "Idempotency-Key": idempotencyKey } },
      // The document can only say that the file is binary, which its types call a string.
      body: { file: file as unknown as string },
      bodySerializer: () => {
        const form = new FormData();
        form.append("file", file);
        return form;
      },
    }),
  );
}

export function deleteMedia(id: string) {
  return answered(client.DELETE("/api/v1/media/{id}", { params: { path: { id } } }));
}

export function restoreMedia(id: string) {
  return answered(client.POST("/api/v1/media/{id}/restore", { params: { path: { id } } }));
}

/** Begins a session with a key, or an address and a password; the cookie comes with the answer. */
export function signIn(proof: SignIn) {
  return answered(client.POST("/api/v1/session", { body: proof }));
}

/** Whose session the browser's cookie is. */
export function whoAmI() {
  return answered(client.GET("/api/v1/session"));
}

export function signOut() {
  return answered(client.DELETE("/api/v1/session"));
}

/** The cursor in a page's link to a neighbour. */
export function cursorOf(link: string | undefined): string | undefined {
  if (!link) return undefined;
  return new URLSearchParams(link.slice(link.indexOf("?") + 1)).get("cursor") ?? undefined;
}
