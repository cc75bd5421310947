/** Verbs of the port that only read: faultCases.ts has a case for every other one. */

import type { BulkReading } from './faultBulk.ts';
import type { CustomerReading } from './faultCustomers.ts';
import type { JobReading } from './faultJobs.ts';
import type { PeopleReading } from './faultPeople.ts';
import type { SearchReading } from './faultSearch.ts';

export type Reading =
  | 'readSealed'
  | 'listWorkspaces'
  | 'workspacesWithRuns'
  | 'workspacesToPublish'
  | 'workspacesToTell'
  | 'workspacesToMail'
  | 'findWorkspace'
  | 'findApiKey'
  | 'listApiKeys'
  | 'routing'
  | 'routingVersions'
  | 'countOpen'
  | 'listFailing'
  | 'listBudgetErrors'
  | 'loadLane'
  | 'readLanes'
  | 'readLanesOf'
  | 'readBody'
  | 'digestSlices'
  | 'listOpenLanes'
  | 'readSlices'
  | 'listEvents'
  | 'findEvent'
  | 'listDeliveries'
  | 'findDelivery'
  | 'findOwnBody'
  | 'listAttempts'
  | 'laneHeads'
  | 'scanDeliveries'
  | 'workspacesToSkip'
  | 'countOriginals'
  | 'findResolving'
  | 'findReplay'
  | 'listReplays'
  | 'listOriginals'
  | 'listAudit'
  | 'listUnpublishedNotices'
  | 'listNotices'
  | 'listMails'
  | 'listAutomations'
  | 'listAutomationVersions'
  | 'listRuns'
  | 'findRun'
  | 'listRunSteps'
  | 'listReleases'
  | 'findOrigins'
  | 'readHeard'
  | 'dueRuns'
  | 'findBin'
  | 'listBins'
  | 'listBinRequests'
  | 'readAttemptStats'
  | 'readEventStats'
  | 'readSparklines'
  | 'readMarks'
  | 'readMarkDetails'
  | CustomerReading
  | PeopleReading
  | JobReading
  | BulkReading
  | SearchReading;
