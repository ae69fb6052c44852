/** Tabs of one browser that have the same label map open know of each other. */

interface Word {
  page: string;
  /** `hello` is answered by `here`. */
  says: "hello" | "here" | "gone";
}

export type Channel = Pick<BroadcastChannel, "postMessage" | "close" | "onmessage">;

/**
 * Be there, until the returned function is called.
 *
 * @param key - Of the label map, see {@link ./journal.keyOf}.
 * @param onchange - Hears how many other tabs have it open.
 */
export function join(
  key: string,
  page: string,
  onchange: (others: number) => void,
  open: (name: string) => Channel = (name) => new BroadcastChannel(name),
): () => void {
  const channel = open(`premask ${key}`);
  const others = new Set<string>();
  const say = (says: Word["says"]) => channel.postMessage({ page, says } satisfies Word);
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data.says === "hello") say("here");
    const before = others.size;
    if (data.says === "gone") others.delete(data.page);
    else others.add(data.page);
    if (others.size !== before) onchange(others.size);
  };
  say("hello");
  let left = false;
  const leave = () => {
    if (!left) say("gone");
    left = true;
    channel.close();
  };
  globalThis.addEventListener?.("pagehide", leave, { once: true });
  return leave;
}
