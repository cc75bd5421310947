/**
 * Answers that somebody gives to captured requests, as `mirsal listen` does: the request waits at the node that took it, the answer comes
 * in at any node. It lies in the bin's row under a name of its own until it is taken: a bin is one row, and a few answers on their way
 * are small beside what it captures. A signal says that it is there; one that is lost costs half a second.
 */

import { MINUTE, SECOND } from '../core/duration.ts';
import { firstKeyAt } from '../core/ids.ts';
import type { Bin, BinAnswer, BinReply } from '../store/records/bins.ts';
import type { BinNotices } from './binNotices.ts';
import type { HttpDeps } from './deps.ts';

type Around = Pick<HttpDeps, 'store' | 'clock'>;

/** The backstop for a missed signal. */
const LOOK_AGAIN_MS = SECOND / 2;
/** Nobody waits so long: what is older came too late. */
const KEPT_MS = MINUTE;

const nameOf = (request: number): `reply_${number}` => `reply_${request}`;

/** Null where nobody has answered in time. */
export async function awaitReply(
  { store, clock }: Around,
  notices: BinNotices,
  { bin, request, isGone }: { bin: Bin; request: number; isGone(): boolean },
): Promise<BinReply | null> {
  const end = clock.monotonic() + (bin.answer.relay_ms ?? 0);
  for (;;) {
    const left = end - clock.monotonic();
    // Asked for before looking, so that what comes in between is not missed.
    const notice = notices.next(bin.key, Math.min(left, LOOK_AGAIN_MS));
    const { answer } = (await store.findBin(bin)) ?? {};
    const reply = answer?.[nameOf(request)];
    if (answer !== undefined && reply !== undefined) {
      await store.updateBinAnswer(bin.workspace, bin.key, taken(answer, request, clock.now()));
      return reply;
    }
    if (left <= 0 || answer === undefined || notices.closed || isGone()) return null;
    await notice;
  }
}

/** The reply, and those that came too late for their requests, as members without a value: they are not stored. */
function taken(answer: BinAnswer, request: number, now: number): Partial<BinAnswer> {
  const keys = Object.keys(answer).flatMap((name) => {
    const key = /^reply_(\d+)$/.exec(name)?.[1];
    return key === undefined ? [] : [Number(key)];
  });
  const gone = keys.filter((key) => key === request || key < firstKeyAt(now - KEPT_MS));
  return Object.fromEntries(gone.map((key) => [nameOf(key), undefined]));
}

/** False where the request waits for none: its time is over, or its bin never had it wait. */
export async function giveReply(
  { store, clock }: Around,
  notices: BinNotices,
  { bin, request, reply }: { bin: Bin; request: number; reply: BinReply },
): Promise<boolean> {
  const { relay_ms = 0 } = bin.answer;
  const [found] = await store.listBinRequests(bin.workspace, bin.key, {
    after: request - 1,
    limit: 1,
    bodyBytes: 0,
    maxBytes: 0,
  });
  if (found?.key !== request || clock.now() >= found.at + relay_ms) return false;
  await store.updateBinAnswer(bin.workspace, bin.key, { [nameOf(request)]: reply });
  notices.captured(bin.key);
  return true;
}
