import { DefaultFailureConverter } from '@temporalio/common';

/** Messages and stacks of failures go through the payload codec too: an error may quote what it failed on. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
