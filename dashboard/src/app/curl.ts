/** A line for a shell that asks for the job. The key stays out of it: what is copied gets pasted anywhere. */
export function curlFor(origin: string, jobId: string): string {
  return `curl -H "Authorization: Bearer $GOTONG_API_KEY" ${origin}/api/v1/jobs/${jobId}`;
}
