import type { FastifyRequest } from 'fastify';
import type { CustomerRef } from '../../domain/types.js';
import { journeyToTell, type WithdrawnFrom } from '../../store/opt-outs.js';
import { logged } from './refusal.js';
import type { Web } from './web.js';

/**
 * The withdrawal is stored before this: from that moment no promotion passes the door for messages. Telling the journey
 * ends its waiting; where that fails (false) whoever withdrew is asked to send it again, and it is told then.
 */
export async function tellJourney(
  web: Web,
  customerRef: CustomerRef,
  withdrawn: WithdrawnFrom,
  request: FastifyRequest,
): Promise<boolean> {
  const workflowId = await journeyToTell(web.database, customerRef, withdrawn);
  if (workflowId === null) return true;
  try {
    await web.door.optOut(workflowId);
    return true;
  } catch (error) {
    request.log.error({ ...logged(error), workflowId }, 'a journey could not be told of an opt-out');
    return false;
  }
}
