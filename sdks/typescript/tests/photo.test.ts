/**
 * What a program does with the generated client: upload a photo, wait for its job, fetch the thumbnail.
 *
 * Runs against the API at GOTONG_URL with the key GOTONG_API_KEY; `cargo xtask test` generates the client and sets both.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Configuration,
  JobsApi,
  JobState,
  MediaApi,
  MediaState,
  ProblemFromJSON,
  ResponseError,
  type Job,
  type Problem,
} from "../../../.gotong/sdk/typescript/index.js";
import { jpegSize, png } from "./drawing.js";

const PATIENCE_MS = 60_000;

function required(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set`);
  return value;
}

function configuration(accessToken: string): Configuration {
  return new Configuration({ basePath: required("GOTONG_URL"), accessToken });
}

const ours = configuration(required("GOTONG_API_KEY"));
const media = new MediaApi(ours);
const jobs = new JobsApi(ours);

/** The job once it has ended. The API holds each answer back for up to five seconds. */
async function ended(id: string): Promise<Job> {
  const deadline = Date.now() + PATIENCE_MS;
  let job: Job;
  do {
    job = await jobs.getJob({ id, prefer: "wait=5" });
  } while (!job.finished && Date.now() < deadline);
  assert.ok(job.finished, `job ${id} is still ${job.state} after ${PATIENCE_MS} ms`);
  return job;
}

/** The typed problem that the call is refused with. */
async function problemOf(call: Promise<unknown>): Promise<Problem> {
  const error: unknown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof ResponseError, `expected a refusal, got ${String(error)}`);
  const problem = ProblemFromJSON(await error.response.json());
  assert.equal(problem.status, error.response.status);
  return problem;
}

test("a photo becomes its thumbnail", async () => {
  const photo = png(480, 640);
  const answer = await media.createMediaRaw({ file: new File([photo], "gradient.png") });
  const uploaded = await answer.value();
  assert.equal(answer.raw.status, 202);
  assert.ok(uploaded.jobId);
  assert.equal(answer.raw.headers.get("location"), `/api/v1/jobs/${uploaded.jobId}`);
  assert.deepEqual([uploaded.filename, uploaded.contentType], ["gradient.png", "image/png"]);

  const job = await ended(uploaded.jobId);
  assert.deepEqual([job.kind, job.state], ["thumbnail.generate", JobState.Completed]);

  const { id } = uploaded;
  const ready = await media.getMedia({ id });
  assert.equal(ready.state, MediaState.Ready);
  assert.deepEqual(
    ready.thumbnails.map(({ variant, width, height }) => [variant, width, height]),
    [["300x300", 225, 300]],
  );
  const thumbnail = await media.getMediaThumbnail({ id, variant: "300x300" });
  assert.deepEqual(jpegSize(Buffer.from(await thumbnail.arrayBuffer())), [225, 300]);
  const content = await media.getMediaContent({ id });
  assert.ok(Buffer.from(photo).equals(Buffer.from(await content.arrayBuffer())), "the photo comes back as it was sent");

  const listed = await media.listMedia({ perPage: 100 });
  assert.ok(listed.data.some((each) => each.id === id));
  await media.deleteMedia({ id });
  assert.equal((await problemOf(media.getMedia({ id }))).code, "not_found");
});

test("a refused file is told by a typed problem", async () => {
  const words = new File(["These are only words."], "photo.jpg");
  const problem = await problemOf(media.createMedia({ file: words }));
  assert.deepEqual([problem.status, problem.code], [415, "unsupported_media_type"]);
  assert.deepEqual(problem.errors?.map(({ pointer }) => pointer), ["/file"]);
  assert.ok(problem.requestId);
});

test("an unknown key is told by a typed problem", async () => {
  const stranger = new MediaApi(configuration(`gtg_${"0".repeat(64)}`));
  assert.equal((await problemOf(stranger.listMedia())).code, "unauthenticated");
});
