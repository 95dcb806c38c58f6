import { heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';

/** Rows read at a time. */
export const SWEEP_BATCH = 500;
/** Runs looked after at once. */
const AT_ONCE = 32;

/**
 * Goes through rows page by page, some at once, and lets the server know between them that the worker lives.
 * @param page those after the last one of the page before (null: the first ones); empty when there are no more
 * @param each says whether its run was told something
 */
export async function sweep<Row>(
  page: (last: Row | null) => Promise<readonly Row[]>,
  each: (row: Row) => Promise<boolean>,
): Promise<{ looked: number; told: number }> {
  const count = { looked: 0, told: 0 };
  for (let last: Row | null = null; ;) {
    const rows: readonly Row[] = await page(last);
    if (rows.length === 0) return count;
    for (let i = 0; i < rows.length; i += AT_ONCE) {
      const told = await Promise.all(rows.slice(i, i + AT_ONCE).map(each));
      count.looked += told.length;
      count.told += told.filter(Boolean).length;
      heartbeat(count);
    }
    last = rows.at(-1) ?? null;
  }
}

/** @returns false when the run is not there: it has not begun and looks for itself, or has ended and has nothing to hear */
export async function tellRun<Args extends unknown[]>(
  workflows: WorkflowClient,
  workflowId: string,
  signal: SignalDefinition<Args>,
  ...args: Args
): Promise<boolean> {
  try {
    await workflows.getHandle(workflowId).signal(signal, ...args);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
