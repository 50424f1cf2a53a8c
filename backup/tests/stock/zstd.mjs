// `zstd --decompress` of its input to its output, by an implementation in JavaScript.
import { createRequire } from "node:module";

const { Decompress } = createRequire(`${process.env.READERS}/package.json`)("fzstd");

if (process.argv.slice(2).join(" ") !== "--decompress") throw new Error("zstd --decompress");
const decompress = new Decompress((chunk) => process.stdout.write(chunk));
for await (const chunk of process.stdin) decompress.push(new Uint8Array(chunk));
decompress.push(new Uint8Array(0), true);
