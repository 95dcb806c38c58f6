import { admit } from '../../domain/admission.js';
import { plainDate, type CustomerRef, type ManagerRef } from '../../domain/types.js';
import type { EnrolmentId } from '../../domain/course.js';
import { lessonDone, takeQuiz } from '../../store/enrolments.js';
import { currentCampaigns, lockAdmissionFacts } from '../../store/admissions.js';
import { tierJourneysInTrouble } from '../../store/care.js';
import { listTasks } from '../../store/reads/task.js';
import { recordTaskResult } from '../../store/tasks.js';
import {
  answerSurvey,
  courseCompleted,
  excluded,
  journeyState,
  movedToCare,
  taskDone,
} from '../../workflows/contract.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { publishTestCourse, RIGHT } from '../setup/course.js';
import { keepHistory, temporalActions } from '../setup/histories.js';
import { JourneyWorld } from '../setup/journey-world.js';
import { admitted, addCustomer, book } from '../setup/small-bank.js';
import { journeyStart } from '../../workflows/contract.js';

/** A journey with everything: the reward too, a course and a manager's call. */
const MAX_FULL_EVENTS = 90;

let world: JourneyWorld;
beforeEach(async () => {
  world = await JourneyWorld.create();
});
afterEach(() => world.close());

const WITH_CALL = `  - step: call
    kind: call
    follows: outreach
    wait: 1 day
    dueWorkingDays: 3
    waitFor: 6 days
`;
const EDUCATION = `education:
  course: saving
  template: course-invitation
  after: 2 days
  waitFor: 3 days

survey:
`;

async function journeyWith(ref: string, edit: (text: string) => string) {
  const version = await publishText(world.database, await shippedCampaign('keep-your-tier', edit), await world.now());
  const customerRef = await addCustomer(world.database, { ref });
  const row = await admitted(world.database, customerRef, '2026-01-12', await world.now());
  await world.database.owner.query('update journeys set version = $2 where journey_id = $1', [row.journeyId, version]);
  const started = await world.client.workflow.start(...journeyStart({ ...row, version, clock: world.clock }));
  await world.anHour();
  return { ...row, handle: started };
}

const sent = async (ref: string): Promise<string[]> => {
  const { rows } = await world.database.owner.query<{ key: string }>(
    `select outreach_key as key from outreach where customer_ref = $1 and state = 'sent' order by settled_at`,
    [ref],
  );
  return rows.map(({ key }) => key.split(':').slice(2).join(':'));
};

async function passCourse(customerRef: CustomerRef): Promise<EnrolmentId> {
  const { rows } = await world.database.owner.query<{ id: EnrolmentId }>(
    'select enrolment_id as id from course_enrolments where customer_ref = $1',
    [customerRef],
  );
  const enrolmentId = rows[0]?.id;
  if (!enrolmentId) throw new Error('the customer is not enrolled');
  const at = await world.now();
  for (const lesson of ['now', 'later']) await lessonDone(world.database.app, { customerRef, enrolmentId, lesson, at });
  const taken = await takeQuiz(world.database.app, { customerRef, enrolmentId, answers: RIGHT, key: 'once', at });
  expect(taken).toMatchObject({ kind: 'marked', passed: true });
  return enrolmentId;
}

async function call(customerRef: CustomerRef, result: string): Promise<string> {
  const { tasks } = await listTasks(world.database.app, { customerRef, limit: 9 });
  const task = tasks.find(({ kind }) => kind === 'call');
  if (!task) throw new Error('there is no call to make');
  const at = await world.now();
  const told = { result, reason: 'rate', callBackAt: null, note: null } as const;
  await recordTaskResult(world.database.app, {
    ...told,
    taskId: task.taskId,
    by: task.managerRef as ManagerRef,
    at,
    day: plainDate('2026-01-14'),
  });
  return task.taskId;
}

test('a full journey: a call, a course, an offer, a survey, the goal and the reward, in fewer than 90 events', async () => {
  await publishTestCourse(world.database, await world.now());
  const { handle, journeyId, customerRef } = await journeyWith('cfull', (text) =>
    text.replace('  # A suitable product.', `${WITH_CALL}  # A suitable product.`).replace('survey:\n', EDUCATION),
  );
  await world.until('2026-01-14');
  expect(await handle.query(journeyState)).toMatchObject({ step: 'call', words: "waits for the manager's call" });
  const taskId = await call(customerRef, 'reached');
  await handle.signal(taskDone, { taskId, result: 'reached' });
  await world.anHour();
  expect(await sent('cfull')).toEqual(['outreach', 'education']);
  expect(await handle.query(journeyState)).toMatchObject({ step: 'education' });
  const letter = world.mailTo('cfull').at(-1);
  expect(letter).toMatchObject({ subject: 'A short course for you: Saving', messageClass: 'service' });
  await handle.signal(courseCompleted, { enrolmentId: await passCourse(customerRef) });
  await world.until('2026-01-17');
  await world.anHour();
  expect(await sent('cfull')).toEqual(['outreach', 'education', 'offer']);
  await book(world.database, 'cfull', '2026-01-20', 110_000_000n);
  await world.until('2026-01-24');
  await handle.executeUpdate(answerSurvey, { args: [{ score: 9, textId: null }] });
  await world.dayEnd('2026-02-10');
  await handle.result();
  expect(await world.outcome(journeyId)).toEqual({ outcome: 'retained', step: 'closed' });
  const events = await keepHistory(world, handle.workflowId, 'journey-full');
  const actions = await temporalActions(world, handle.workflowId);
  console.info(`the full journey took ${events} events and ${actions} Temporal actions`);
  expect(events).toBeLessThan(MAX_FULL_EVENTS);
});

test('a call that nobody makes and a course that nobody takes hold the journey for their time, and no longer', async () => {
  await publishTestCourse(world.database, await world.now());
  const { handle } = await journeyWith('cnobody', (text) =>
    text.replace('  # A suitable product.', `${WITH_CALL}  # A suitable product.`).replace('survey:\n', EDUCATION),
  );
  await world.until('2026-01-18');
  expect(await sent('cnobody')).toEqual(['outreach']);
  // six days for the call, from the 13th on
  await world.until('2026-01-19');
  await world.anHour();
  expect(await sent('cnobody')).toEqual(['outreach', 'education']);
  await world.until('2026-01-22');
  await world.anHour();
  await world.anHour();
  expect((await sent('cnobody')).slice(0, 3)).toEqual(['outreach', 'education', 'offer']);
  await keepHistory(world, handle.workflowId, 'journey-waited');
});

test('who knows the course already is not invited to it again', async () => {
  await publishTestCourse(world.database, await world.now());
  const { customerRef } = await journeyWith('cknows', (text) => text.replace('survey:\n', EDUCATION));
  await world.database.owner.query(
    `insert into course_enrolments (customer_ref, course_ref, version, source, enrolled_at, completed_at)
     values ($1, 'saving', 1, 'self', '2026-01-01', '2026-01-02')`,
    [customerRef],
  );
  await world.until('2026-01-14');
  await world.anHour();
  expect(await sent('cknows')).toEqual(['outreach']);
  const { rows } = await world.database.owner.query(`select reason from outreach where template = 'course-invitation'`);
  expect(rows).toEqual([{ reason: 'course-completed' }]);
});

test('a customer who is excluded in the middle of a journey leaves it at once and hears nothing more', async () => {
  const { handle, journeyId } = await world.journey({ ref: 'cexcluded' });
  await world.database.owner.query(
    `insert into exclusions (customer_ref, kind, legal_reason, excluded_at, excluded_by) values ('cexcluded', 'frozen', 'an order', now(), 'mei')`,
  );
  await handle.signal(excluded);
  await handle.result();
  expect(await world.outcome(journeyId)).toEqual({ outcome: 'ineligible', step: 'closed' });
  await world.until('2026-02-10');
  expect(await sent('cexcluded')).toEqual(['outreach']);
});

test('a customer in whom credit trouble is found leaves the journey about the tier, to be helped', async () => {
  const { handle, journeyId, customerRef } = await world.journey({ ref: 'ctrouble' });
  await world.until('2026-01-15');
  const { app, owner } = world.database;
  await owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ('ctrouble', 'negative-balance', '2026-01-14', 70, '[]', now())`,
  );
  expect(await tierJourneysInTrouble(app, plainDate('2026-01-13'))).toEqual([]);
  expect(await tierJourneysInTrouble(app, plainDate('2026-01-14'))).toEqual([{ workflowId: handle.workflowId }]);
  await handle.signal(movedToCare);
  await handle.result();
  expect(await world.outcome(journeyId)).toEqual({ outcome: 'moved-to-care', step: 'closed' });
  expect(await world.points(customerRef)).toBe(0n);
  // credit care may begin the next day, whatever the campaign's usual cool-down
  const [facts] = await lockAdmissionFacts(owner, [customerRef], plainDate('2026-01-14'));
  if (!facts) throw new Error('the customer is not there');
  const admission = admit(facts, await currentCampaigns(app, await world.now()), await world.now());
  expect(admission).toMatchObject({ verdict: 'admitted', campaign: { campaignRef: 'credit-care' } });
});

test('a letter found at night waits for the morning, and the rest keeps its distance', async () => {
  // an hour after midnight in Shanghai
  await world.until('2026-01-13');
  await world.sleep(15 * 3_600_000);
  const { handle } = await world.journey({ ref: 'cnight' });
  expect(await sent('cnight')).toEqual([]);
  expect(await handle.query(journeyState)).toMatchObject({ step: 'outreach' });
  await world.until('2026-01-14');
  expect(await sent('cnight')).toEqual(['outreach']);
  await world.until('2026-01-19');
  expect(await sent('cnight')).toEqual(['outreach', 'offer']);
  const { rows } = await world.database.owner.query<{ hour: string }>(
    `select to_char(claimed_at at time zone 'Asia/Shanghai', 'HH24:MI') as hour from outreach order by claimed_at`,
  );
  expect(rows).toEqual([{ hour: '08:00' }, { hour: '08:00' }]);
});
