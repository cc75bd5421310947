/** Bins: addresses that keep the requests they get, to look at. */

import type {
  Bin,
  BinAnswer,
  BinRequest,
  BinRequestPage,
  BinRoom,
  ListedBinRequest,
} from '../records/bins.ts';

/** Bins expire: see SweepStore. */
export interface BinStore {
  /** False, and nothing is made, where the workspace has `most` living ones already. */
  createBin(bin: Omit<Bin, 'requests'>, most: number): Promise<boolean>;
  findBin(by: { workspace: number; key: number } | { token: string }): Promise<Bin | null>;
  listBins(workspace: number): Promise<Bin[]>;
  /** Members that are named replace what is stored. */
  updateBinAnswer(workspace: number, bin: number, patch: Partial<BinAnswer>): Promise<boolean>;
  deleteBin(workspace: number, bin: number): Promise<boolean>;
  /** Keeps it, and of those before it as many as there is room for. */
  captureRequest(request: BinRequest, room: BinRoom): Promise<void>;
  listBinRequests(workspace: number, bin: number, page: BinRequestPage): Promise<ListedBinRequest[]>;
}
