import { log } from '@temporalio/activity';
import type { TemplateError } from './message-templates.js';

/**
 * Tells the log what is wrong with a template, once for each template in the life of what is returned: a fault keeps many
 * letters back, and it is one thing to mend.
 */
export function templateFaults(): (template: string, error: TemplateError) => void {
  const told = new Set<string>();
  return (template, { message }) => {
    if (told.has(template)) return;
    told.add(template);
    log.error('letters can not be written: mend the template, and they are tried again', { template, fault: message });
  };
}
