/** Photos that the tests draw themselves. */

import { crc32, deflateSync } from "node:zlib";

/** A sunset over the sea as a PNG of that many pixels; `hue` from 0 to 1 makes each one different. */
export function png(width, height, hue = 0) {
  const rows = Buffer.alloc(height * (1 + 3 * width));
  const horizon = height * 0.62;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromSun = Math.hypot(x - width * (0.3 + 0.4 * hue), (y - horizon * 0.8) * 1.1) / height;
      const wave = y > horizon ? 18 * Math.sin((x + 40 * Math.sin(y / 9)) / (4 + (y - horizon) / 6)) : 0;
      const depth = y < horizon ? y / horizon : 1 - (y - horizon) / (height - horizon) / 2;
      const glow = Math.max(0, 1 - fromSun * 1.6);
      const at = y * (1 + 3 * width) + 1 + 3 * x;
      rows[at] = clamp(40 + 150 * depth * (1 - hue / 3) + 120 * glow ** 2 + wave + (fromSun < 0.09 ? 80 : 0));
      rows[at + 1] = clamp(50 + 70 * depth + 110 * glow ** 3 + 60 * hue + wave);
      rows[at + 2] = clamp(110 - 30 * depth + 70 * hue + wave * 1.5);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

const clamp = (value) => Math.max(0, Math.min(255, Math.round(value)));

function chunk(kind, data) {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const [length, sum] = [data.length, crc32(named)].map((number) => {
    const word = Buffer.alloc(4);
    word.writeUInt32BE(number);
    return word;
  });
  return Buffer.concat([length, named, sum]);
}
