/** Server-sent events, read from a response as it comes. */

export interface ServerEvent {
  name: string;
  id: string | undefined;
  data: string;
}

/** Takes the text of a stream in pieces of any size, and gives back the events that are whole. */
export function eventReader(): (piece: string) => ServerEvent[] {
  let rest = "";
  return (piece) => {
    rest += piece;
    // A lone CR at the end may be the first half of a line's end.
    const lines = rest.replace(/\r\n/g, "\n").split("\n\n");
    rest = lines.pop() ?? "";
    return lines.map(read).filter((event) => event !== undefined);
  };
}

/** One event; nothing for a comment, which only shows that the connection lives. */
function read(block: string): ServerEvent | undefined {
  const event: ServerEvent = { name: "message", id: undefined, data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event.name = value;
    else if (field === "id") event.id = value;
  }
  return data.length > 0 ? { ...event, data: data.join("\n") } : undefined;
}
