/**
 * What every store must do, as a suite of tests. Both stores pass it (sqlite/sqlite.test.ts,
 * postgres/postgres.test.ts); a third would have to.
 */

import { describe } from 'vitest';
import { administrationContract } from './contract/administration.ts';
import { automationContract } from './contract/automation.ts';
import { budgetContract } from './contract/budget.ts';
import type { OpenStore } from './contract/builders.ts';
import { bulkContract } from './contract/bulk.ts';
import { customersContract } from './contract/customers.ts';
import { erasureEdgesContract } from './contract/erasureEdges.ts';
import { erasuresContract } from './contract/erasures.ts';
import { historyContract } from './contract/history.ts';
import { jobsContract } from './contract/jobs.ts';
import { lanesContract } from './contract/lanes.ts';
import { logContract } from './contract/log.ts';
import { mailsContract } from './contract/mails.ts';
import { noticesContract } from './contract/notices.ts';
import { peopleContract } from './contract/people.ts';
import { publishingContract } from './contract/publishing.ts';
import { recordingContract } from './contract/recording.ts';
import { requestsContract } from './contract/requests.ts';
import { retentionContract } from './contract/retention.ts';
import { runsContract } from './contract/runs.ts';
import { searchContract } from './contract/search.ts';
import { skipsContract } from './contract/skips.ts';
import { statsContract } from './contract/stats.ts';
import { traceContract } from './contract/traces.ts';
import { versionsContract } from './contract/versions.ts';
import { watchingContract } from './contract/watching.ts';

/** `open` gives each test an empty, migrated store. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`${name} keeps the store's contract`, () => {
    administrationContract(open);
    publishingContract(open);
    lanesContract(open);
    recordingContract(open);
    automationContract(open);
    runsContract(open);
    traceContract(open);
    budgetContract(open);
    logContract(open);
    historyContract(open);
    retentionContract(open);
    skipsContract(open);
    searchContract(open);
    noticesContract(open);
    mailsContract(open);
    statsContract(open);
    watchingContract(open);
    peopleContract(open);
    jobsContract(open);
    bulkContract(open);
    requestsContract(open);
    versionsContract(open);
    customersContract(open);
    erasuresContract(open);
    erasureEdgesContract(open);
  });
}
