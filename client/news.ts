import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import { newsStart, type JourneyNews } from '../workflows/contract.js';
import { askWithin } from './ask.js';

/**
 * Has the open journeys told. The door for messages is shut or open already by what was committed; this holds their
 * clocks, or lets them go on at once.
 * @returns how many were told; null when it was told before
 */
export async function tellNews(client: Client, news: JourneyNews): Promise<number | null> {
  try {
    const handle = await client.workflow.start(...newsStart(news));
    return (await askWithin(client, () => handle.result())).told;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}
