// `age --decrypt --identity FILE FILE`, by an implementation in JavaScript.
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";

const resolve = createRequire(`${process.env.READERS}/package.json`).resolve;
const { Decrypter } = await import(pathToFileURL(resolve("age-encryption")));

const [decrypt, identity, keys, input, ...rest] = process.argv.slice(2);
if (decrypt !== "--decrypt" || identity !== "--identity" || !input || rest.length > 0) {
  throw new Error("age --decrypt --identity FILE FILE");
}
const decrypter = new Decrypter();
for (const line of (await readFile(keys, "utf8")).split("\n")) {
  if (line.trim() && !line.startsWith("#")) decrypter.addIdentity(line.trim());
}
const plain = await decrypter.decrypt(Readable.toWeb(createReadStream(input)));
await pipeline(Readable.fromWeb(plain), process.stdout);
