/** Where the tests' webhooks go: a server that answers as its path says. */

import { createServer } from "node:http";

/**
 * Paths: `/ok` takes the event, `/gone` wants no more, `/refuse` answers 503, `/slow/MS` takes it after so long, and
 * `/hold` keeps it until `release()`.
 */
export async function startReceiver() {
  const held = new Set();
  const server = createServer((request, response) => {
    request.resume();
    const answer = (status) => response.writeHead(status).end();
    const [, way, ms] = request.url.split("/");
    if (way === "gone") answer(410);
    else if (way === "refuse") answer(503);
    else if (way === "slow") setTimeout(() => answer(200), Number(ms)); // why: a slow receiver is what is wanted
    else if (way === "hold") held.add(answer);
    else answer(200);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const release = () => {
    for (const answer of held) answer(200);
    held.clear();
  };
  return {
    url: (path) => `http://127.0.0.1:${server.address().port}/${path}`,
    release,
    stop() {
      release();
      server.closeAllConnections();
      server.close();
    },
  };
}
