/** A steady load: so many webhooks a second to a receiver of its own, one in a hundred refused for good. */

import { enqueue, webhook } from "../api.js";
import { startReceiver } from "../receiver.js";

const BATCHES_A_SECOND = 4;

/** Begins at once; `stop` tells how many jobs were accepted, and how many seconds it took. */
export async function startLoad(rate) {
  const receiver = await startReceiver();
  const began = Date.now();
  let accepted = 0;
  let isOver = false;
  const size = Math.max(Math.round(rate / BATCHES_A_SECOND), 1);
  const jobs = () =>
    Array.from({ length: size }, (_, place) =>
      webhook(receiver.url((accepted + place) % 100 === 0 ? "gone" : "ok"), `load.${place % 10}`, { job: { max_attempts: 3 } }),
    );
  const running = (async () => {
    for (let batch = 1; !isOver; batch++) {
      accepted += (await enqueue(jobs())).length;
      // A batch that took long does not make the next ones wait: the rate is kept on the whole.
      const ahead = began + (batch * 1_000) / BATCHES_A_SECOND - Date.now();
      if (ahead > 0) await new Promise((resolve) => setTimeout(resolve, ahead)); // why: the rate of the load
    }
  })();
  return {
    async stop() {
      isOver = true;
      await running;
      receiver.stop();
      return { accepted, seconds: (Date.now() - began) / 1_000 };
    },
  };
}
