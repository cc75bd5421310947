/** Endpoints: what people connect, change, disable and enable, and how they fare. */

import type { BudgetError } from '../../core/delivery/budget.ts';
import type {
  DisabledReason,
  EndpointPatch,
  Failing,
  NewEndpoint,
  OpenCount,
  SealedSecret,
} from '../records/endpoints.ts';

/**
 * Each change of an endpoint moves its workspace's routing version. One that names a version is made at that version or
 * not at all (RoutingMoved).
 */
export interface EndpointStore {
  createEndpoint(endpoint: NewEndpoint, by: string): Promise<void>;
  updateEndpoint(
    workspace: number,
    endpoint: number,
    patch: EndpointPatch,
    at: number,
    by: string,
    routingVersion?: number,
  ): Promise<boolean>;
  /** Its open deliveries count as skipped from then on (`writeSkips`). */
  deleteEndpoint(
    workspace: number,
    endpoint: number,
    at: number,
    by: string,
    routingVersion?: number,
  ): Promise<boolean>;
  disableEndpoint(
    workspace: number,
    endpoint: number,
    disabled: { reason: DisabledReason; at: number; by: string },
  ): Promise<boolean>;
  /**
   * Clears its errors from the budget and lets its first delivery be tried alone. After `skip`, what was
   * held counts as skipped (`writeSkips`), saying by whom. Returns how many were held, null if unknown;
   * nothing is changed while its workspace is suspended.
   */
  enableEndpoint(
    workspace: number,
    endpoint: number,
    held: 'send' | 'skip',
    by: string,
    at: number,
  ): Promise<number | 'suspended' | null>;
  /** Puts a new secret in force; those of the same kind before it expire at `overlapUntil`. */
  rotateSecret(
    workspace: number,
    endpoint: number,
    secret: SealedSecret,
    overlapUntil: number,
    by: string,
  ): Promise<boolean>;
  /** Open deliveries per endpoint; endpoints without any are absent. */
  countOpen(workspace: number, endpoints: readonly number[]): Promise<Map<number, OpenCount>>;
  /** Endpoints whose latest attempt failed. */
  listFailing(workspace: number): Promise<Map<number, Failing>>;
  /** Errors charged to the budget that ended after `after`, ms, oldest first. */
  listBudgetErrors(workspace: number, after: number): Promise<BudgetError[]>;
}
