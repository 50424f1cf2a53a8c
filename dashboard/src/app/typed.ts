/** What is wrong with a typed key, before the API is asked: it would only say that it is unknown. */
export function keyMistake(key: string): "missing" | "shape" | undefined {
  if (key === "") return "missing";
  return /^gtg_[0-9a-f]{64}$/.test(key) ? undefined : "shape";
}

/** A job's id in what somebody typed or pasted: the id itself or an address that ends in one. */
export function jobIdIn(text: string): string | undefined {
  return /(?:^|\/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/.exec(text.trim().toLowerCase())?.[1];
}
