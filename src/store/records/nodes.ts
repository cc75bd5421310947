/** Nodes and the slices they hold, as a store keeps them. */

import type { Slots } from '../../core/ids.ts';

/** Where a node listens, as others reach it: one of its addresses, and the port. */
export interface Listening {
  address: string;
  port: number;
}

export interface NodeOptions {
  leaseMs: number;
  /** Whether it takes its share of the slices. */
  sends: boolean;
  listens?: readonly Listening[];
}

export interface NodeRegistration {
  /** Its part of the key space: no other living node has any of them. */
  slots: Slots;
  /** The largest key in the database. */
  largestKey: number;
  /** The store's own time, ms. */
  now: number;
  /** Where living nodes listen, this one included. */
  listening: Listening[];
}

/** A slice as its node holds it: under another epoch it is another's, or this node's anew. */
export interface HeldSlice {
  slice: number;
  epoch: number;
}

/** What the store says of the slices, as one node asks it. */
export interface SliceView {
  held: HeldSlice[];
  /** How many no living node has. */
  free: number;
  /** How many living nodes share the slices. */
  senders: number;
}

/** Of a slice's lanes with work: equal digests, equal lanes. */
export interface SliceDigest {
  slice: number;
  lanes: number;
  /** The sum of their hashes (hashLane of core/delivery/slice.ts). */
  hashes: number;
}
