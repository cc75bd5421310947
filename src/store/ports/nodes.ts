/** Nodes, their leases, and the slices that they share among themselves. */

import type { HeldSlice, NodeOptions, NodeRegistration, SliceView } from '../records/nodes.ts';

/** Nodes make themselves known and stay so. */
export interface NodeStore {
  /**
   * Makes the node known for `leaseMs`. Whoever registers holds no slices: those it held before are free.
   */
  registerNode(node: string, options: NodeOptions): Promise<NodeRegistration>;
  /**
   * Prolongs the node's lease, and says whether it still takes its share of the slices and where it listens; null where the node is
   * unknown by now and must register again. `now` is the store's time.
   */
  heartbeat(node: string, options: NodeOptions): Promise<Pick<NodeRegistration, 'now' | 'listening'> | null>;
  /** Forgets the node and frees its slices. */
  unregisterNode(node: string): Promise<void>;
}

/** Which node works which part of all lanes. */
export interface SliceStore {
  readSlices(node: string): Promise<SliceView>;
  /** Takes up to `limit` slices that no living node has, each under a new epoch. Forgets nodes whose lease has run out. */
  takeSlices(node: string, limit: number): Promise<HeldSlice[]>;
  /** Frees those of these slices that the node has under that epoch. Its lanes there must have nothing in flight. */
  releaseSlices(node: string, slices: readonly HeldSlice[]): Promise<void>;
}
