/** The system event that a notice becomes (core/catalog/system): its data, and whom it must not be sent to. Pure. */

import { isSystemEvent } from '../core/catalog/systemEvents.ts';
import type { BudgetPolicy } from '../core/delivery/budget.ts';
import { formatId } from '../core/ids.ts';
import type { AutomationNamed, Notice, NoticeDetails } from '../store/records/notices.ts';
import type { PublishEvent } from './engine.ts';

export interface SystemEventDraft {
  event: PublishEvent;
  /** Endpoints that it is about: their own failures must not make more of it. */
  except: number[];
}

/** Null where nobody is told by an event. The same notice always makes the same event. */
export function systemEventOf(notice: Notice): SystemEventDraft | null {
  if (!isSystemEvent(notice.kind)) return null;
  const value = dataOf(notice);
  return {
    event: {
      id: formatId('ntc', notice.key),
      type: notice.kind,
      data: JSON.stringify(value),
      value,
      account: null,
      createdAt: notice.at,
      warnings: null,
    },
    except: concernedBy(notice),
  };
}

function concernedBy(notice: Notice): number[] {
  if (notice.kind !== 'budget.warning') return notice.endpoint === null ? [] : [notice.endpoint];
  return detailsOf(notice, 'budget.warning').endpoints.map(({ endpoint }) => endpoint);
}

function detailsOf<Kind extends keyof NoticeDetails>(notice: Notice, _kind: Kind): NoticeDetails[Kind] {
  if (Object.keys(notice.details).length === 0) throw new Error('The details of the notice cannot be read.');
  return notice.details as NoticeDetails[Kind];
}

function dataOf(notice: Notice): object {
  switch (notice.kind) {
    case 'endpoint.disabled': {
      const { reason, by, error, trip, ...endpoint } = detailsOf(notice, notice.kind);
      return {
        endpoint: endpointOf(notice.endpoint, endpoint),
        reason,
        by,
        last_error: error,
        trip:
          trip === null ? null : { errors: trip.errors, own_errors: trip.own, budget: budgetOf(trip.budget) },
      };
    }
    case 'endpoint.enabled': {
      const { by, held, choice, ...endpoint } = detailsOf(notice, notice.kind);
      return { endpoint: endpointOf(notice.endpoint, endpoint), by, held, choice };
    }
    case 'delivery.dropped': {
      const { event, event_type, reason, attempts, ...endpoint } = detailsOf(notice, notice.kind);
      return {
        endpoint: endpointOf(notice.endpoint, endpoint),
        delivery_id: formatId('dlv', notice.delivery ?? 0),
        event_id: event,
        event_type,
        reason,
        attempts,
      };
    }
    case 'budget.warning': {
      const { level, errors, budget, endpoints } = detailsOf(notice, notice.kind);
      return {
        level,
        errors,
        budget: budgetOf(budget),
        endpoints: endpoints.map(({ endpoint, errors: own, error, ...rest }) => ({
          ...endpointOf(endpoint, rest),
          errors: own,
          last_error: error === '' ? null : error,
        })),
      };
    }
    case 'held.expiring':
      return {};
    case 'automation.failed': {
      const { automation, run, step, code, message } = detailsOf(notice, notice.kind);
      const run_id = formatId('run', run);
      return { automation: automationOf(automation), run_id, step, code, message };
    }
    case 'automation.braked': {
      const { automation, run, subject } = detailsOf(notice, notice.kind);
      return { automation: automationOf(automation), run_id: formatId('run', run), subject };
    }
    case 'mail.refused': {
      const { automation, mail, run, step, recipient, error } = detailsOf(notice, notice.kind);
      return {
        automation: automationOf(automation),
        mail_id: formatId('mail', mail),
        run_id: run === null ? null : formatId('run', run),
        step,
        recipient,
        error,
      };
    }
    default:
      return notice.kind satisfies never;
  }
}

function automationOf(automation: AutomationNamed | null): object | null {
  if (automation === null) return null;
  const { key, kind, name } = automation;
  return { id: formatId(kind === 'rule' ? 'rule' : 'wf', key), kind, name };
}

function endpointOf(key: number | null, { name, url }: { name: string; url: string }): object {
  return { id: formatId('ep', key ?? 0), name, url };
}

/** Member by member: what the settings may gain one day is no part of the event. */
function budgetOf({ limit, window_s, scope }: BudgetPolicy): BudgetPolicy {
  return { limit, window_s, scope };
}
