import { beforeEach, expect, test, vi } from "vitest";
import { api, type Session } from "../api/client";
import type { LogEvent } from "../core/events";
import { deliver, keep, kept, openSession, visitKey } from "./visits";

vi.mock("../api/client", () => ({ api: { session: vi.fn(), events: vi.fn() } }));

const KEY = visitKey("steel", "ana", "a");
const stored = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
  removeItem: (key: string) => stored.delete(key),
});

function event(seq: number): LogEvent {
  return { kind: "activity", page: "gallery", seq, t: seq, wall: seq, data: {} };
}

function session(strategy: Session["strategy"], state: Session["state"] = "open"): void {
  const one = { id: 7, image: "a", annotator: "ana", strategy, state };
  vi.mocked(api.session).mockResolvedValue(one as Session);
}

beforeEach(() => {
  stored.clear();
  vi.mocked(api.events).mockReset();
  vi.mocked(api.events).mockResolvedValue({ new: 1 });
  keep(KEY, [event(0), event(1)]);
});

test("whatever page opens a repair, it is told of the visits before it", async () => {
  session("preannotated");
  await openSession(7, "steel");
  expect(vi.mocked(api.events)).toHaveBeenCalledExactlyOnceWith(7, [event(0), event(1)]);
  expect(kept(KEY)).toEqual([]);
});

test("a map from scratch, and one that is only looked at, leave the visits waiting", async () => {
  session("scratch");
  await openSession(7, "steel");
  session("preannotated", "submitted");
  await openSession(7, "steel");
  expect(vi.mocked(api.events)).not.toHaveBeenCalled();
  expect(kept(KEY)).toHaveLength(2);
});

test("a visit that comes while others are told is not lost", async () => {
  vi.mocked(api.events).mockImplementationOnce(async () => {
    keep(KEY, [event(2)]);
    return { new: 2 };
  });
  await deliver(KEY, 7);
  expect(kept(KEY)).toEqual([event(2)]);
});

test("a session opens although its visits cannot be told", async () => {
  session("preannotated");
  vi.mocked(api.events).mockRejectedValue(new Error("no server"));
  expect((await openSession(7, "steel")).id).toBe(7);
  expect(kept(KEY)).toHaveLength(2);
});
