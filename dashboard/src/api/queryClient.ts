/** What was asked for, kept; and where an answer says that nobody is signed in, the way to the sign-in. */

import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { MirsalError } from './client.ts';

/** Called when the session is over; the frame sets it (pages/Frame.tsx). */
let onSignedOut: () => void = () => {};
export function whenSignedOut(run: () => void): void {
  onSignedOut = run;
}

function look(error: unknown): void {
  if (error instanceof MirsalError && error.status === 401) onSignedOut();
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: look }),
  mutationCache: new MutationCache({ onError: look }),
  defaultOptions: {
    // The last known state is shown until there is a newer one. What changes is told by the stream (live.ts).
    queries: { staleTime: 5_000, retry: false, refetchOnWindowFocus: true },
  },
});
